import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from '../support/properties.ts';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { connect } from '../support/outage.ts';
import type { ScheduleView } from '../support/views.ts';
import { specs as triggers } from '../trigger/sets.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const BARE = { task: { key: task.key }, trigger: { cron: { expression: '0 3 * * *' } } };

test('of a schedule about which nothing is said it has name, task and trigger', async () => {
  const { name, spec } = await api.scheduleOf(task, { trigger: BARE.trigger });
  assert.deepEqual(spec, { name, ...BARE });
});

test('it leaves out what is at its default, though somebody has said so', async () => {
  const said = {
    trigger: { cron: { expression: '0  3 * * *', dayMatch: 'CRONTAB' } },
    timeZone: 'utc',
    dst: {},
    spread: 'PT0S',
    overlapPolicy: 'SKIP',
    bufferLimit: 100,
    misfire: { mode: 'FIRE_ONCE', graceTime: 'PT60S', catchupWindow: 'PT24H', maxCatchupRuns: 100 },
    labels: [],
    input: null,
  };
  const { name, spec } = await api.scheduleOf(task, said);
  assert.deepEqual(spec, { name, ...BARE });
});

test('a pause is no part of it', async () => {
  const { name, spec, state } = await api.scheduleOf(task, { trigger: BARE.trigger, paused: true });
  assert.deepEqual([spec, state], [{ name, ...BARE }, 'PAUSED']);
});

test('a schedule that is made of the spec of another has the same definition', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  const definitionOf = async ({ id }: ScheduleView) => {
    const { rows } = await database.query('SELECT spec FROM schedule_version WHERE schedule_id = $1 AND version = 1', [id]);
    const { name: _, ...definition } = rows[0].spec as Record<string, unknown>;
    return definition;
  };
  await fc.assert(
    fc.asyncProperty(specs, async (spec) => {
      const first = await api.scheduleOf(task, spec);
      const second = await api.scheduleOf(task, { ...first.spec, name: fresh('copy') });
      assert.deepEqual(await definitionOf(second), await definitionOf(first));
      assert.deepEqual({ ...second.spec, name: first.name }, first.spec);
    }),
    { numRuns: 80, seed: 20_260_302 },
  );
});

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const duration = fc.constantFrom('PT0S', 'PT0.001S', 'PT1S', 'PT90S', 'PT23H', 'P1D');
/** What may stand in a ScheduleSpecInput besides name and task. Lists of times lie in the future, or nothing would be left of them. */
const specs = fc.record(
  {
    trigger: fc.oneof(
      triggers.filter((trigger) => !('at' in trigger)),
      fc.constant({ manual: true }),
      fc.constant({ at: { times: ['2090-03-01T00:00:00.5Z'], localTimes: ['2090-01-01T00:00:00'] } }),
      fc.constant({
        rrule: { rrule: 'FREQ=MONTHLY;BYDAY=2TU', dtstart: '2026-01-01T09:00:00', exdates: ['2027-01-12T09:00:00'] },
      }),
      fc.constant({ except: { base: BARE.trigger, excluding: [{ daysOfWeek: 'SAT,SUN' }], shift: 'NEXT_ALLOWED_DAY' } }),
      fc.constant({ allOf: { triggers: [BARE.trigger, { calendar: { hours: '3' } }], within: 'PT1H' } }),
      fc.constant({ bounded: { trigger: { calendarInterval: { every: 'P1M', at: '09:00' } }, endAt: '2090-01-01T00:00:00Z' } }),
    ),
    description: optional(fc.constantFrom('', 'What it is for', 'Zeile\nzwei – ✓')),
    timeZone: optional(fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York')),
    dst: optional(fc.constantFrom({}, { gap: 'SKIP' }, { overlap: 'BOTH' }, { gap: 'SHIFT', overlap: 'LAST' })),
    startAt: optional(fc.constantFrom('2026-01-01T00:00:00Z', '2030-06-01T12:30:00.250+02:00')),
    endAt: optional(fc.constantFrom('2095-01-01T00:00:00Z')),
    spread: optional(duration),
    maxRuns: optional(fc.constantFrom(1, 1_000_000_000)),
    overlapPolicy: optional(fc.constantFrom('SKIP', 'BUFFER_ALL', 'CANCEL_OTHER', 'ALLOW_ALL')),
    bufferLimit: optional(fc.constantFrom(1, 100, 10_000)),
    misfire: optional(
      fc.record(
        {
          mode: fc.constantFrom('SKIP', 'FIRE_ONCE'),
          graceTime: duration,
          catchupWindow: duration,
          maxCatchupRuns: fc.constantFrom(1, 100),
        },
        { requiredKeys: [] },
      ),
    ),
    execution: optional(
      fc.record(
        {
          timeout: fc.constantFrom('PT1S', 'P7D'),
          priority: fc.constantFrom(-100, 0, 100),
          retry: fc.record(
            {
              maxAttempts: fc.constantFrom(1, 100),
              initialInterval: duration,
              backoffCoefficient: fc.constantFrom(1, 1.5, 100),
              maxInterval: duration,
              jitter: duration,
              nonRetryableErrors: fc.constantFrom([], ['HTTP_404']),
            },
            { requiredKeys: ['maxAttempts'] },
          ),
        },
        { requiredKeys: [] },
      ),
    ),
    input: optional(fc.constantFrom({}, { a: { b: [1, null, 'ü', -0, 1e21] } }, { constructor: 'x' })),
    labels: optional(
      fc.constantFrom(
        [],
        [{ key: 'b', value: '' }],
        [
          { key: 'b', value: '1' },
          { key: 'a', value: '2' },
        ],
      ),
    ),
    pauseAfterFailures: optional(fc.constantFrom(1, 1_000)),
  },
  { requiredKeys: ['trigger'] },
);
