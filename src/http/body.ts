import type { IncomingMessage } from 'node:http';
import { LIMITS } from '../graphql/limits.ts';

export type JsonResult = { ok: true; value: unknown } | { ok: false; status: 400 | 413 | 415; message: string };

const refuse = (status: 400 | 413 | 415, message: string): JsonResult => ({ ok: false, status, message });

/**
 * Reads a JSON body. What was not read stays in the request: answer through `reply`, which knows how to end it.
 * @throws Error when the client breaks off
 */
export async function readJson(req: IncomingMessage): Promise<JsonResult> {
  const unsupported = unsupportedMedia(req);
  if (unsupported) return refuse(415, unsupported);
  const tooLarge = refuse(413, `The body is larger than ${LIMITS.maxBodyBytes} bytes.`);
  if (Number(req.headers['content-length'] ?? 0) > LIMITS.maxBodyBytes) return tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving a plain `for await (… of req)` destroys the socket, and the answer with it.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > LIMITS.maxBodyBytes) return tooLarge;
    chunks.push(chunk as Buffer);
  }
  return decode(Buffer.concat(chunks));
}

/** Parses JSON that is not nested too deeply for what walks it afterwards. */
export function parseJson(text: string): JsonResult {
  if (nestsDeeper(text, LIMITS.maxJsonDepth)) return refuse(400, `The JSON is nested more than ${LIMITS.maxJsonDepth} deep.`);
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return refuse(400, 'The JSON cannot be parsed.');
  }
}

function unsupportedMedia({ headers }: IncomingMessage): string | null {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (type !== 'application/json') return 'Send the body with Content-Type: application/json.';
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset && !/^charset="?utf-?8"?$/.test(charset)) return 'Send the body in UTF-8.';
  return (headers['content-encoding'] ?? 'identity') === 'identity' ? null : 'Send the body without Content-Encoding.';
}

function decode(bytes: Buffer): JsonResult {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse(400, 'The body is not valid UTF-8.');
  }
}

/** Counts brackets outside strings, so that the depth is known before anything is built. */
function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') {
      inString = true;
    } else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > limit) return true;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    }
  }
  return false;
}
