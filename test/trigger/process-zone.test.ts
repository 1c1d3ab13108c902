import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FILES = ['cron-dst', 'calendar'].map((name) => fileURLToPath(new URL(`./${name}.test.ts`, import.meta.url)));
const SHOW_ZONE = 'data:text/javascript,process.stdout.write(`zone ${Temporal.Now.timeZoneId()}\\n`)';

for (const zone of ['America/New_York', 'Asia/Kathmandu']) {
  test(`the zone of the process changes nothing: ${zone}`, async () => {
    // Without NODE_TEST_CONTEXT: else the runner takes it for a part of this run and reports nothing to us.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ['--import', SHOW_ZONE, '--test', '--test-reporter=tap', '--test-isolation=none', ...FILES];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...env, TZ: zone }, timeout: 50_000 });
    assert.match(stdout, new RegExp(`^zone ${zone === 'Asia/Kathmandu' ? 'Asia/Kat(h?)mandu' : zone}$`, 'm'));
    assert.match(stdout, /^# fail 0$/m);
    const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
    assert.ok(passed > 50, `only ${passed} tests ran`);
  });
}
