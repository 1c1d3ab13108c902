import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { seriousViolations } from '../../support/accessible.ts';
import { createApi } from '../../support/api.ts';
import { openPage } from '../../support/browser.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../../support/carillon.ts';
import { startReceiver } from '../../support/receiver.ts';
import { taskFolder } from '../../support/taskFolder.ts';
import { until } from '../../support/until.ts';

const REPORT = `import { defineTask, z } from 'carillon';
export default defineTask({
  key: 'report',
  input: z.object({ runs: z.string().describe('How long'), kind: z.enum(['a', 'b']).optional(), to: z.array(z.string()).optional() }),
  run: async () => null,
});
`;
const client = await startTestCarillon({ after }, { CARILLON_TASKS: await taskFolder({ after }, { 'report.ts': REPORT }) });
const api = createApi(client);
const task = await api.taskOn(await startReceiver({ after }, ({ answer }) => answer(null)));
const opened = await openPage({ after }, client.url);
const { page } = opened;
// A page that waits longer than this will not get what it waits for.
page.setDefaultTimeout(20_000);
page.on('dialog', (dialog) => void dialog.accept());
await page.goto(`${client.url}/#/login?token=${ADMIN_TOKEN}`);
await page.getByText('Live', { exact: true }).waitFor();

const field = (name: string) => page.getByRole('textbox', { name, exact: true });
const button = (name: string) => page.getByRole('button', { name, exact: true });
const preview = () => page.getByRole('region', { name: 'Preview' });
/** As if the address had been typed; what stood there unsaved is given up. */
async function open(place: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${client.url}/#${place}`);
}

/** The definition of a schedule. */
async function specOf(name: string): Promise<{ id: string; version: number; spec: Record<string, unknown> } | null> {
  return api.ask('query ($ref: ScheduleRef!) { schedule(ref: $ref) { id version spec } }', { ref: { name } });
}

function clean(): void {
  assert.deepEqual(opened.complaints.splice(0), []);
  assert.deepEqual(opened.strangers.splice(0), []);
}

test('a schedule is made with the builder, and runs at once when that is asked for', async () => {
  await open('/schedules/new');
  await preview().getByText('At 09:00 on Monday to Friday').waitFor();
  await field('Name').fill('made here');
  await page.getByRole('combobox', { name: 'Task' }).or(field('Task')).first().fill(task.key);
  await page.getByRole('option', { name: task.key }).click();
  await button('Last day of the month').click();
  await preview().getByText('18:00').first().waitFor();
  await page.getByLabel('Kind of trigger', { exact: true }).selectOption('except');
  await preview()
    .getByText(/except on SAT, ?SUN/)
    .waitFor();
  await button('When a run is still under way skip it').click();
  await page.getByLabel('Overlap policy', { exact: true }).selectOption('BUFFER_ONE');
  await page.getByLabel('Also run it now, once').check();
  await button('Create schedule').click();
  await page.getByRole('status').getByText('made here').waitFor();

  const made = await specOf('made here');
  assert.deepEqual(made?.spec, {
    name: 'made here',
    task: { key: task.key },
    trigger: { except: { base: { cron: { expression: '0 18 L * *' } }, excluding: [{ daysOfWeek: 'SAT,SUN' }] } },
    overlapPolicy: 'BUFFER_ONE',
    ...(Intl.DateTimeFormat().resolvedOptions().timeZone !== 'UTC' && {
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
  });
  const { runs } = await api.ask<{ runs: { nodes: { id: string }[] } }>(
    'query ($ref: ScheduleRef!) { schedule(ref: $ref) { runs { nodes { id } } } }',
    { ref: { name: 'made here' } },
  );
  await api.runIn(runs.nodes[0]!.id, 'SUCCEEDED');
  clean();
});

test('what is wrong is said at the field, and the last good preview stays until it is right', async () => {
  await open('/schedules/new');
  await preview().getByText('At 09:00 on Monday to Friday').waitFor();
  await field('Expression').fill('61 9 * * *');
  await preview().getByText('trigger.cron.expression:').waitFor();
  const expression = page.getByRole('textbox', { name: 'Expression', exact: true });
  assert.equal(await expression.getAttribute('aria-invalid'), 'true');
  const described = (await expression.getAttribute('aria-describedby'))?.split(' ').filter(Boolean) ?? [];
  const said = await Promise.all(described.map((id) => page.locator(`[id="${id}"]`).textContent()));
  assert.match(said.join(' '), /minute: '61' is out of range; allowed: 0-59/);
  await preview().getByText('At 09:00 on Monday to Friday').waitFor();

  await field('Expression').fill('31 9 * * *');
  await preview().getByText('At 09:31 every day').waitFor();
  assert.equal(await expression.getAttribute('aria-invalid'), null);

  // Of a schedule without a name and a task: the server says so, and the page leads there.
  await button('Create schedule').click();
  await page.getByText('Choose the task that is run.').first().waitFor();
  clean();
});

test('the builder and the JSON are the same trigger; text that is no JSON yet is kept and its place is named', async () => {
  await page.getByText('Both', { exact: true }).click();
  const json = page.getByLabel('Trigger as JSON');
  assert.match(await json.inputValue(), /"31 9 \* \* \*"/);
  await json.fill(
    '{\n  "anyOf": [\n    { "interval": { "every": "PT90M" } },\n    { "cron": { "expression": "0 25 * * *" } }\n  ]\n}',
  );
  await page.getByRole('group', { name: 'Trigger 2: Cron expression' }).waitFor();
  await button('Line 4, column 31').waitFor();
  const second = page.getByRole('group', { name: 'Trigger 2: Cron expression' }).getByRole('textbox', { name: 'Expression' });
  await second.fill('0 12 * * *');
  await preview().getByText('every 1 hour 30 minutes').waitFor();
  assert.match(await json.inputValue(), /"expression": "0 12 \* \* \*"/);
  assert.match(await json.inputValue(), /"PT90M"/);

  await json.fill('{ "at": { "localTimes": ["2027-03-14T02:30", "2027-11-07T01:30"], "timeZone": "America/New_York" } }');
  await preview().getByText('The clock jumps over its time').waitFor();
  await preview().getByText('This time comes twice').waitFor();

  await json.fill('{\n  "cron": { expression: 1 }\n}');
  await button('Line 2, column 13').waitFor();
  await page.getByText('Builder', { exact: true }).click();
  await page.getByText('The text is no JSON yet').waitFor();
  await page.getByText('JSON', { exact: true }).click();
  assert.equal(await json.inputValue(), '{\n  "cron": { expression: 1 }\n}');
  await json.fill('{ "cron": { "expresion": "0 12 * * *" } }');
  await page.getByText('There is no field expresion here.').first().waitFor();
  // What does not even have the shape of a trigger is refused with 400, and the browser notes that.
  const refused = opened.complaints.splice(0);
  assert.ok(refused.length > 0 && refused.every((each) => each.endsWith('a status of 400 (Bad Request)')), refused.join());
  clean();
});

test('unsaved changes are not left without a question, by a link or by the back of the browser', async () => {
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });
  await open('/workers');
  await page.getByRole('heading', { name: 'Workers', level: 1 }).waitFor();
  await page.goto(`${client.url}/#/schedules/new`);
  await field('Name').fill('half done');
  await page.getByRole('link', { name: 'Workers' }).click();
  await question.getByRole('button', { name: 'Stay' }).click();
  await question.waitFor({ state: 'detached' });
  await page.evaluate('history.back()');
  await question.getByRole('button', { name: 'Stay' }).click();
  await question.waitFor({ state: 'detached' });
  assert.equal(await field('Name').inputValue(), 'half done');
  await page.getByRole('link', { name: 'Workers' }).click();
  await question.getByRole('button', { name: 'Leave and lose it' }).click();
  await page.getByRole('heading', { name: 'Workers', level: 1 }).waitFor();
  clean();
});

test('the input is asked for as the schema of the task says', async () => {
  await open('/schedules/new?task=report');
  await page.getByRole('textbox', { name: 'runs' }).fill('P7D');
  await page.getByLabel('kind', { exact: true }).selectOption('"b"');
  await button('Add to to').click();
  await page.getByRole('textbox', { name: 'to 1' }).fill('ops');
  await field('Name').fill('kept a week');
  await page.getByRole('region', { name: 'Input' }).getByText('JSON', { exact: true }).click();
  assert.deepEqual(JSON.parse(await page.getByLabel('Input as JSON').inputValue()), {
    runs: 'P7D',
    kind: 'b',
    to: ['ops'],
  });
  await page.getByLabel('Input as JSON').fill('{ "runs": 7 }');
  await button('Create schedule').click();
  await button('Line 1, column 11').waitFor();
  await page.getByRole('region', { name: 'Input' }).getByText('Form', { exact: true }).click();
  assert.equal(await page.getByRole('textbox', { name: 'runs' }).getAttribute('aria-invalid'), 'true');
  await page.getByRole('textbox', { name: 'runs' }).fill('P7D');
  await button('Create schedule').click();
  await page.getByRole('status').getByText('kept a week').waitFor();
  assert.deepEqual((await specOf('kept a week'))?.spec['input'], { runs: 'P7D' });
  clean();
});

test('two who edit at once lose nothing: what each has changed is shown, and one goes on with what is chosen', async () => {
  const { id } = await api.scheduleOf(task, { name: 'edited', maxRuns: 5, description: 'old' });
  await open(`/schedules/${id}/edit`);
  await field('Description').fill('mine');
  await page.getByLabel('Limit of runs').fill('7');
  await api.updateSchedule({ ref: { id }, patch: { maxRuns: 6, trigger: { interval: { every: 'PT1H' } } } });
  await page.getByText('Somebody has saved version 2.').waitFor();
  await button('Save changes').click();

  const dialog = page.getByRole('dialog', { name: 'Somebody else has saved version 2' });
  await dialog.waitFor();
  const whose = await dialog.getByRole('rowheader').allTextContents();
  assert.deepEqual(whose, ['DescriptionYou changed it', 'TriggerThey changed it', 'Limit of runsBoth changed it']);
  await dialog.getByRole('radio', { name: 'Limit of runs: keep theirs' }).check();
  await dialog.getByRole('button', { name: 'Go on with what is chosen' }).click();
  await preview()
    .getByText(/of elapsed time/)
    .waitFor();
  await button('Save changes').click();
  await page.getByRole('status').getByText('Saved').waitFor();
  const saved = await specOf('edited');
  assert.equal(saved?.version, 3);
  assert.deepEqual(saved?.spec, {
    name: 'edited',
    task: { key: task.key },
    trigger: { interval: { every: 'PT1H' } },
    maxRuns: 6,
    description: 'mine',
  });
  clean();
});

test('a copy begins with all of the other and a name of its own', async () => {
  const { id } = await api.scheduleOf(task, {
    name: 'original',
    timeZone: 'Asia/Tokyo',
    labels: [{ key: 'team', value: 'ops' }],
  });
  await open(`/schedules/new?from=${id}`);
  await preview().getByText('Asia/Tokyo').first().waitFor();
  assert.equal(await field('Name').inputValue(), 'original (copy)');
  await button('Create schedule').click();
  await page.getByRole('status').getByText('original (copy)').waitFor();
  const [original, copy] = await Promise.all([specOf('original'), specOf('original (copy)')]);
  assert.deepEqual(copy?.spec, { ...original?.spec, name: 'original (copy)' });
  clean();
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`in ${colorScheme} it has no serious fault of accessibility, also with faults in it, and fits a phone`, async () => {
    await page.emulateMedia({ colorScheme });
    await open('/schedules/new');
    await field('Expression').fill('x');
    await preview().getByText('trigger.cron.expression:').waitFor();
    await page.getByText('Both', { exact: true }).click();
    assert.deepEqual(await seriousViolations(page), []);
    await page.setViewportSize({ width: 380, height: 800 });
    // Once the layout has followed; the page's policy lets nothing wait within it.
    await until(() => page.evaluate<boolean>('document.documentElement.scrollWidth <= 380'));
    await page.setViewportSize({ width: 1280, height: 800 });
    await field('Expression').fill('0 9 * * MON-FRI');
    await preview().getByText('At 09:00 on Monday to Friday').waitFor();
    clean();
  });
