import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultAt, faultsElsewhere, fieldFaults } from '../../web/src/parts/fieldFaults.ts';
import { schemaFields, sketchOf } from '../../web/src/pages/task/schemaFields.ts';
import { EMPTY, faultsIn, formOf, inputOf, newSigningSecret, patchOf } from '../../web/src/pages/task/taskForm.ts';
import type { TaskForm } from '../../web/src/pages/task/taskForm.ts';
import { retryWords } from '../../web/src/parts/retryWords.ts';
import { concurrencyWords, retentionWords } from '../../web/src/pages/task/words.ts';
import { filterOf, labelTexts, orderOf, pageOf, sortAfter } from '../../web/src/pages/tasks/taskFilters.ts';

const search = (text: string) => new URLSearchParams(text);

test('the address of the list says filter, order and page, and what it cannot be is left out', () => {
  assert.equal(filterOf(search('')), null);
  assert.equal(filterOf(search('state=BROKEN&search=%20')), null);
  assert.deepEqual(filterOf(search('search=sync&state=RUNNING&kind=HTTP&group=a,b&label=team%3Dshop%0Atier')), {
    search: 'sync',
    states: ['RUNNING'],
    kinds: ['HTTP'],
    groups: ['a,b'],
    labels: [{ key: 'team', in: ['shop'] }, { key: 'tier' }],
  });
  assert.deepEqual(labelTexts(' team=a=b \n\n=x'), ['team=a=b']);
  assert.deepEqual(orderOf(search('sort=-NEXT_FIRE_AT')), { field: 'NEXT_FIRE_AT', direction: 'DESC' });
  assert.deepEqual(orderOf(search('sort=NAME')), { field: 'KEY', direction: 'ASC' });
  assert.deepEqual(pageOf(search('')), { first: 50 });
  assert.deepEqual(pageOf(search('after=c')), { first: 50, after: 'c' });
  assert.deepEqual(pageOf(search('before=c')), { last: 50, before: 'c' });
});

test('a click on the head of a column orders by it, a further one turns it round', () => {
  const key = { field: 'KEY', direction: 'ASC' } as const;
  assert.equal(sortAfter(key, 'KEY'), '-KEY');
  assert.equal(sortAfter({ ...key, direction: 'DESC' }, 'KEY'), null);
  assert.equal(sortAfter(key, 'NEXT_FIRE_AT'), 'NEXT_FIRE_AT');
  assert.equal(sortAfter(key, 'LAST_RUN_ENDED_AT'), '-LAST_RUN_ENDED_AT');
  assert.equal(sortAfter({ field: 'LAST_RUN_ENDED_AT', direction: 'DESC' }, 'LAST_RUN_ENDED_AT'), 'LAST_RUN_ENDED_AT');
});

const SCHEMA = {
  type: 'object',
  required: ['region', 'days', 'mode'],
  properties: {
    region: { enum: ['emea', 'apac'], default: 'emea', description: 'Where' },
    days: { type: 'integer', minimum: 1, maximum: 31 },
    note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    mode: { const: 'full' },
    to: { type: 'array', items: { type: 'string', format: 'email' }, minItems: 1 },
    big: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
    options: { type: 'object', properties: { dry: { type: 'boolean', default: false } } },
  },
};

test('a JSON Schema is told field by field, those within fields as well', () => {
  const told = schemaFields(SCHEMA).map(({ path, type, required, limits, fallback }) => [path, type, required, limits, fallback]);
  assert.deepEqual(told, [
    ['region', 'one of "emea", "apac"', false, null, '"emea"'],
    ['days', 'whole number', true, '1 to 31', null],
    ['note', 'text or null', false, null, null],
    ['mode', 'always "full"', true, null, null],
    ['to', 'list of text (email)', false, 'at least 1 items', null],
    ['big', 'whole number', false, null, null],
    ['options', 'object', false, null, null],
    ['options.dry', 'true or false', false, null, 'false'],
  ]);
  assert.deepEqual(schemaFields({ type: 'string' }), []);
});

test('an input begins with what is required and with the defaults', () => {
  assert.deepEqual(sketchOf(SCHEMA), { region: 'emea', days: 1, mode: 'full' });
  assert.deepEqual(sketchOf({}), {});
});

const TASK: Parameters<typeof formOf>[0] = {
  key: 'shop.sync',
  name: 'Sync',
  group: 'shop',
  description: null,
  kind: 'HTTP',
  scope: 'GLOBAL',
  labels: [{ key: 'team', value: 'shop' }],
  execution: {
    timeout: 'PT30S',
    priority: 0,
    concurrency: 2,
    retry: {
      maxAttempts: 3,
      initialInterval: 'PT1S',
      backoffCoefficient: 2,
      maxInterval: null,
      jitter: null,
      nonRetryableErrors: [],
    },
  },
  retention: null,
  http: {
    url: 'https://example.com/hook',
    method: 'POST',
    headers: { 'x-shop': 'berlin' },
    secretHeaders: ['authorization', 'x-key'],
    signed: true,
    body: { a: 1 },
    successStatuses: '200-299',
  },
};

test('of a form that nobody has touched nothing is sent, and what was changed is sent alone', () => {
  const was = formOf(TASK);
  assert.deepEqual(patchOf(was, was), {});
  const cases: [rule: string, change: Partial<TaskForm>, patch: object][] = [
    ['a name', { name: ' Other ' }, { name: 'Other' }],
    ['no description is none still', { description: '' }, {}],
    ['a body written otherwise is the same', { body: '{"a":1}' }, {}],
    ['no body', { body: '' }, { body: null }],
    ['a method without a body takes that away', { method: 'GET' }, { method: 'GET', body: null }],
    [
      'headers are sent whole',
      { headers: [...was.headers, { name: 'x-b', value: '1' }] },
      { headers: { 'x-shop': 'berlin', 'x-b': '1' } },
    ],
    ['labels too', { labels: [] }, { labels: [] }],
    ['how long runs are kept', { keepFor: 'P7D' }, { retention: { runs: 'P7D', count: null } }],
  ];
  for (const [rule, change, patch] of cases) assert.deepEqual(patchOf({ ...was, ...change }, was), patch, rule);
});

test('policies replace the old ones whole: all of them are sent', () => {
  const was = formOf(TASK);
  assert.deepEqual(patchOf({ ...was, timeout: 'PT1M', concurrency: '' }, was).execution, {
    timeout: 'PT1M',
    priority: 0,
    retry: {
      maxAttempts: 3,
      initialInterval: 'PT1S',
      backoffCoefficient: 2,
      maxInterval: null,
      jitter: null,
      nonRetryableErrors: [],
    },
  });
});

test('secrets that stay are not sent, removed ones are null, and given ones are set', () => {
  const was = formOf(TASK);
  assert.deepEqual(was.secretHeaders[0], { name: 'authorization', value: '', kept: true });
  const [authorization] = was.secretHeaders;
  const replaced = { ...was, secretHeaders: [{ ...authorization!, kept: false, value: 'Bearer abc' }] };
  assert.deepEqual(patchOf(replaced, was), { secretHeaders: { 'x-key': null, authorization: 'Bearer abc' } });
  assert.deepEqual(patchOf({ ...was, signingSecret: { kept: false, value: '' } }, was), { signingSecret: null });
  const signing = { kept: false, value: 'whsec_abc ' };
  assert.deepEqual(patchOf({ ...was, signingSecret: signing }, was), { signingSecret: 'whsec_abc' });
});

test('a task that is made says of the policies only what differs from the defaults', () => {
  const input = inputOf({
    ...EMPTY,
    key: 'a',
    name: 'A',
    url: 'https://example.com',
    secretHeaders: [{ name: 'x', value: 'secret', kept: false }],
  });
  assert.deepEqual(input, {
    key: 'a',
    name: 'A',
    group: 'http',
    description: null,
    http: { url: 'https://example.com', method: 'POST', headers: {}, secretHeaders: { x: 'secret' }, successStatuses: '200-299' },
    execution: {},
    retention: null,
    labels: [],
  });
  assert.deepEqual(inputOf({ ...EMPTY, maxAttempts: 1 }).execution?.retry?.maxAttempts, 1);
});

test('what can be seen to be wrong is said before it is sent, at its field', () => {
  const fields = (form: Partial<TaskForm>, creates = true) =>
    faultsIn({ ...EMPTY, key: 'k', name: 'n', url: 'u', ...form }, creates).map(({ field }) => field);
  assert.deepEqual(fields({}), []);
  assert.deepEqual(fields({ key: ' ', name: '', url: '' }), ['key', 'name', 'url']);
  assert.deepEqual(fields({ key: '' }, false), []);
  assert.deepEqual(fields({ body: '{' }), ['body']);
  assert.deepEqual(fields({ body: '{', method: 'GET' }), []);
  assert.deepEqual(
    fields({
      headers: [
        { name: 'X', value: '1' },
        { name: 'x', value: '2' },
      ],
    }),
    ['headers.x'],
  );
  assert.deepEqual(fields({ headers: [{ name: '', value: '1' }] }), ['headers']);
  assert.deepEqual(fields({ secretHeaders: [{ name: 'x', value: '', kept: false }] }), ['secretHeaders.x']);
});

test('a signing secret is whsec_ and 32 random bytes', () => {
  const secret = newSigningSecret((bytes) => bytes.fill(255));
  assert.equal(secret, `whsec_${Buffer.alloc(32, 255).toString('base64')}`);
});

test('faults of the API are found at the fields of the form, by path or by the message of graphql-js', () => {
  const found = fieldFaults(
    [
      { message: 'no url', path: ['input', 'http', 'url'] },
      { message: 'no header', path: ['patch', 'headers', 'X-A'] },
      { message: 'Variable "$input" got invalid value "x" at "input.execution.timeout"; no duration' },
      { message: 'gone', path: ['task'] },
      { message: 'nobody knows' },
    ],
    ['input', 'patch', 'http'],
  );
  assert.deepEqual(
    found.map(({ field }) => field),
    ['url', 'headers.X-A', 'execution.timeout', 'task', ''],
  );
  assert.equal(faultAt(found, 'headers'), 'no header');
  assert.equal(faultAt(found, 'execution.timeout'), 'no duration');
  assert.equal(faultAt(found, 'body'), null);
  assert.equal(faultsElsewhere(found, ['url', 'headers', 'execution.timeout']), 'gone nobody knows');
  assert.deepEqual(fieldFaults([{ message: 'm', path: ['input', 'input', 'region'] }], ['input'])[0]?.field, 'input.region');
});

test('policies in plain English', () => {
  const { execution } = TASK;
  assert.equal(retryWords(execution), 'up to 3 attempts, the second after 1 s, each wait 2 times the one before');
  assert.equal(retryWords({ retry: { ...execution.retry, maxAttempts: 1 } }), 'none: a run has one attempt');
  assert.equal(retryWords({ retry: { ...execution.retry, backoffCoefficient: 1, jitter: 'PT5S', nonRetryableErrors: ['A', 'B'] } }), 'up to 3 attempts, 1 s between them, up to 5 s more at random; not after A, B'); // prettier-ignore
  assert.equal(concurrencyWords({ concurrency: 1 }), 'one run at a time; further ones wait');
  assert.equal(retentionWords({ runs: 'P7D', count: 5 }), 'for 7 d, the newest 5 of each schedule');
});
