import type { Labels } from '../domain/labels.ts';
import { countCharacters } from '../domain/text.ts';
import type { Fields } from './fields.ts';

export interface LabelInput {
  key: string;
  value: string;
}

const MAX_LABELS = 20;
const MAX_VALUE = 200;
const KEY = /^[A-Za-z0-9][A-Za-z0-9._\-/]{0,62}$/;
const KEY_RULE = '1 to 63 letters, digits and . _ - /, starting with a letter or digit';
const VALUE_RULE = `at most ${MAX_VALUE} characters, no control characters`;

/**
 * Checks labels as they are sent.
 * @param path  where the list stands in the input
 */
export function parseLabels(fields: Fields, path: string[], input: readonly LabelInput[]): Labels {
  if (input.length > MAX_LABELS) {
    fields.add(path, `labels has ${input.length} entries; allowed are ${MAX_LABELS}.`, `at most ${MAX_LABELS}`);
    return {};
  }
  const labels = new Map<string, string>();
  for (const [index, { key, value }] of input.entries()) {
    const at = (name: string) => [...path, String(index), name];
    if (!KEY.test(key)) fields.add(at('key'), `key "${key.slice(0, 63)}" is not allowed: ${KEY_RULE}.`, KEY_RULE);
    else if (labels.has(key)) fields.add(at('key'), `key "${key}" is given twice; each label has one value.`, 'unique');
    const count = countCharacters(value);
    if (count > MAX_VALUE) {
      fields.add(at('value'), `value has ${count} characters; allowed are ${MAX_VALUE}.`, VALUE_RULE);
    } else if (/[\p{Cc}\p{Cs}]/u.test(value)) {
      fields.add(at('value'), 'value contains a control character or half a surrogate pair.', VALUE_RULE);
    }
    labels.set(key, value);
  }
  return Object.fromEntries(labels);
}
