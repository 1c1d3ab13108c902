import { pathKey } from '../parts/path.ts';
import type { Path } from '../parts/path.ts';

/** A stretch of the text, [from, until), counted in UTF-16 units. */
export interface Span {
  from: number;
  until: number;
}

interface JsonFault extends Span {
  message: string;
}

export type ReadJson =
  | {
      ok: true;
      value: unknown;
      /** Of the value at a path, or of what holds it when the text has nothing there. */
      spanOf(path: Path): Span;
    }
  | { ok: false; fault: JsonFault };

/** Deeper than any value of the API; the reader calls itself. */
const MAX_DEPTH = 100;

class Fault extends Error {
  readonly span: Span;
  constructor(message: string, span: Span) {
    super(message);
    this.span = span;
  }
}

/** Reads JSON (RFC 8259) as JSON.parse does, and knows where everything stands; a name that comes twice is a fault. */
export function readJson(text: string): ReadJson {
  const spans = new Map<string, Span>();
  let at = 0;

  const fail = (message: string, from = at, until = Math.min(from + 1, text.length)): never => {
    throw new Fault(message, { from, until });
  };
  const seen = () => (at >= text.length ? 'the end' : `"${text[at]}"`);
  const skip = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at += 1;
  };

  function readString(): string {
    const from = at;
    const match = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
    match.lastIndex = at;
    const found = match.exec(text);
    if (found === null) {
      const line = text.indexOf('\n', from);
      return fail('This text does not end, or has a \\ that means nothing.', from, line === -1 ? text.length : line);
    }
    at = match.lastIndex;
    return JSON.parse(found[0]) as string;
  }

  function readList(path: Path): unknown[] {
    const list: unknown[] = [];
    at += 1;
    skip();
    if (text[at] === ']') {
      at += 1;
      return list;
    }
    for (;;) {
      list.push(readValue([...path, String(list.length)]));
      skip();
      if (text[at] === ']') break;
      if (text[at] !== ',') fail(`Expected , or ] and found ${seen()}.`);
      const comma = at;
      at += 1;
      skip();
      if (text[at] === ']') fail('There is no comma after the last item.', comma);
    }
    at += 1;
    return list;
  }

  function readObject(path: Path): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    at += 1;
    skip();
    if (text[at] === '}') {
      at += 1;
      return fields;
    }
    for (;;) {
      if (text[at] !== '"') fail(`Expected the name of a field, in "quotes", and found ${seen()}.`);
      const from = at;
      const name = readString();
      if (Object.hasOwn(fields, name)) fail(`"${name}" is there already.`, from, at);
      skip();
      if (text[at] !== ':') fail(`Expected : and found ${seen()}.`);
      at += 1;
      const value = readValue([...path, name]);
      // Not an assignment: __proto__ is a name like any other.
      Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
      skip();
      if (text[at] === '}') break;
      if (text[at] !== ',') fail(`Expected , or } and found ${seen()}.`);
      const comma = at;
      at += 1;
      skip();
      if (text[at] === '}') fail('There is no comma after the last field.', comma);
    }
    at += 1;
    return fields;
  }

  function readPlain(): unknown {
    const match = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
    match.lastIndex = at;
    const found = match.exec(text);
    if (found !== null) {
      at = match.lastIndex;
      return JSON.parse(found[0]);
    }
    const word = /[^\s,:[\]{}]+/y;
    word.lastIndex = at;
    const from = at;
    const stands = word.exec(text)?.[0];
    if (stands === undefined) return fail(`Expected a value and found ${seen()}.`);
    const quotes = stands.startsWith("'") ? ' Text stands in double quotes.' : '';
    return fail(`${stands} is no JSON.${quotes}`, from, from + stands.length);
  }

  function readValue(path: Path): unknown {
    skip();
    if (path.length > MAX_DEPTH) fail(`This is more than ${MAX_DEPTH} deep.`);
    const from = at;
    const first = text[at];
    const value = first === '{' ? readObject(path) : first === '[' ? readList(path) : first === '"' ? readString() : readPlain();
    spans.set(pathKey(path), { from, until: at });
    return value;
  }

  try {
    const value = readValue([]);
    skip();
    if (at < text.length) fail(`Nothing may follow the value, and ${seen()} does.`);
    const spanOf = (path: Path): Span => spans.get(pathKey(path)) ?? spanOf(path.slice(0, -1));
    return { ok: true, value, spanOf };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ok: false, fault: { message: error.message, ...error.span } };
  }
}

/** Both from 1, as editors count. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
