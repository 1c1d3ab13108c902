import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config.ts';
import { readDocument } from './operation.ts';
import type { Guard } from './operation.ts';
import { documentIdOf, readDocumentId } from './persisted.ts';

/** Faults that are named before the rest is only counted. */
const MAX_NAMED = 10;

/**
 * Reads a JSON object of documents by their ids (`{"sha256:…": "query Runs { … }"}`), as the client preset of GraphQL Code
 * Generator writes it, and checks each as a request with it would be.
 * @throws ConfigError naming what is wrong with the file, or with which of its documents
 */
export async function readPersistedDocuments(
  file: string,
  guard: Pick<Guard, 'schema' | 'production'>,
): Promise<ReadonlyMap<string, string>> {
  const fail = (what: string) => new ConfigError([`CARILLON_PERSISTED_DOCUMENTS="${file}": ${what}`]);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw fail(`the file cannot be read as JSON (${(error as Error).message})`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw fail('the file must hold one JSON object, {"sha256:…": "the text of the document"}');

  const documents = new Map<string, string>();
  const faults: string[] = [];
  for (const [name, text] of Object.entries(parsed)) {
    const fault = faultOf(name, text, guard);
    if (fault !== null) faults.push(`${name.slice(0, 80)}: ${fault}`);
    else documents.set(readDocumentId(name) as string, text as string);
  }
  const more = faults.length > MAX_NAMED ? [`and ${faults.length - MAX_NAMED} more`] : [];
  if (faults.length > 0) throw fail(['documents cannot be used', ...faults.slice(0, MAX_NAMED), ...more].join('\n      '));
  return documents;
}

function faultOf(name: string, text: unknown, guard: Pick<Guard, 'schema' | 'production'>): string | null {
  const id = readDocumentId(name);
  if (id === null) return 'the key is no SHA-256 in hexadecimal';
  if (typeof text !== 'string') return 'the document is no text';
  if (documentIdOf(text) !== id) return `the SHA-256 of its text is ${documentIdOf(text)}`;
  const read = readDocument(guard, text);
  return read.ok ? null : read.errors.map(({ message }) => message).join('; ');
}
