import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestCarillon } from '../support/carillon.ts';
import type { Question, VectorFile } from '../vectors/questions.ts';
import { questionsOf } from '../vectors/questions.ts';

const carillon = await startTestCarillon({ after });

const AT_ONCE = 10;
const OWN = fileURLToPath(new URL('../vectors/', import.meta.url));
const [further = ''] = [process.env['CARILLON_VECTORS']];
const files = [OWN, further]
  .filter((folder) => folder !== '')
  .flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => path.join(folder, name)),
  );

interface Preview {
  fireTimes: { at: string }[];
  userErrors: { message: string }[];
}

/** Some questions as one operation; what it refuses as a whole is asked one by one. @returns how each answer reads */
async function answersTo(batch: readonly Question[]): Promise<string[]> {
  const variables = Object.fromEntries(
    batch.flatMap(({ trigger, timeZone, dst, after: from, first }, i) =>
      Object.entries({ t: trigger, z: timeZone, d: dst, a: from, n: first }).map(([name, value]) => [`${name}${i}`, value]),
    ),
  );
  const declared = batch.map(
    (_, i) => `$t${i}: TriggerInput!, $z${i}: TimeZone, $d${i}: DstPolicyInput, $a${i}: DateTime, $n${i}: Int`,
  );
  const fields = batch.map(
    (_, i) =>
      `q${i}: previewTrigger(trigger: $t${i}, timeZone: $z${i}, dst: $d${i}, after: $a${i}, first: $n${i}) { fireTimes { at } userErrors { message } }`,
  );
  const query = `query (${declared.join(', ')}) { ${fields.join(' ')} }`;
  const { data, errors = [] } = await carillon.ask<Record<string, Preview> | null>(query, variables);
  if (errors.length > 0 || data == null) {
    if (batch.length === 1) return [`refused: ${errors.map(({ message }) => message).join(' ')}`];
    return (await Promise.all(batch.map((question) => answersTo([question])))).flat();
  }
  return batch.map((_, i) => {
    const { fireTimes, userErrors } = data[`q${i}`]!;
    if (userErrors.length > 0) return `refused: ${userErrors.map(({ message }) => message).join(' ')}`;
    return fireTimes.map(({ at }) => at.replace('.000Z', 'Z')).join(' ');
  });
}

function asExpected({ expected }: Question, got: string): boolean {
  if (expected === null) return got.startsWith('refused: ');
  // What never fires at all is refused, which is an answer too.
  return got === expected.join(' ') || (expected.length === 0 && /^refused: .*never/.test(got));
}

for (const file of files) {
  const name = `${path.basename(path.dirname(file))}/${path.basename(file)}`;
  const data = JSON.parse(readFileSync(file, 'utf8')) as VectorFile;
  const questions = questionsOf(data);

  test(`${name} has cases, under ids of their own`, () => {
    assert.ok(data.cases.length > 0);
    assert.ok(questions.length >= data.cases.length * 0.9, `${questions.length} questions from ${data.cases.length} cases`);
    assert.equal(new Set(questions.map(({ id }) => id)).size, questions.length);
  });

  test(`${name}: every case is answered as written there`, async (t) => {
    const misses: string[] = [];
    for (let i = 0; i < questions.length; i += AT_ONCE) {
      const batch = questions.slice(i, i + AT_ONCE);
      const answers = await answersTo(batch);
      for (const [j, question] of batch.entries()) {
        const { id, trigger, timeZone, dst, after: from, expected } = question;
        const got = answers[j] ?? '';
        if (asExpected(question, got)) continue;
        const asked = JSON.stringify({ trigger, timeZone, dst, after: from });
        misses.push(`${id} ${asked}\n  want ${expected?.join(' ') ?? 'an error'}\n  got  ${got}`);
      }
    }
    t.diagnostic(`${questions.length} questions`);
    assert.ok(misses.length === 0, `${misses.length} of ${questions.length} differ:\n${misses.slice(0, 10).join('\n')}`);
  });
}
