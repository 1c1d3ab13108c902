import type { HttpRequest } from '../domain/httpRequest.ts';
import { headerContext, signingContext } from '../domain/httpSecrets.ts';
import type { RunError } from '../domain/runError.ts';
import type { SecretBox, Unreadable } from '../secrets.ts';

/** The secrets of a request in clear, for as long as it is sent. */
export interface OpenSecrets {
  ok: true;
  headers: Record<string, string>;
  signingSecret: string | null;
}

/** Decrypts what is sent with a request. An error names the secret and what to do, never a value. */
export function openSecrets(request: HttpRequest, taskKey: string, box: SecretBox): OpenSecrets | { ok: false; error: RunError } {
  const headers: [string, string][] = [];
  for (const [name, sealed] of Object.entries(request.secretHeaders ?? {})) {
    const opened = box.open(sealed, headerContext(taskKey, request.url, name));
    if (!opened.ok) return { ok: false, error: unreadable(`the secret header ${name}`, 'secretHeaders', opened) };
    headers.push([name, opened.text]);
  }
  if (request.signingSecret === undefined) return { ok: true, headers: Object.fromEntries(headers), signingSecret: null };
  const opened = box.open(request.signingSecret, signingContext(taskKey));
  if (!opened.ok) return { ok: false, error: unreadable('the signing secret', 'signingSecret', opened) };
  return { ok: true, headers: Object.fromEntries(headers), signingSecret: opened.text };
}

function unreadable(what: string, field: string, { keyId, known }: Unreadable): RunError {
  const again = `give ${field} again with updateHttpTask`;
  const message = known
    ? `Nothing was sent: ${what} is not as it was stored, or was stored for another task or origin. To mend it, ${again}.`
    : `Nothing was sent: ${what} was stored under the key ${keyId}, which this server does not have. ` +
      `Set CARILLON_SECRET_KEY to that key, or name it in CARILLON_SECRET_KEY_OLD, and start the server again; or ${again}.`;
  return { code: 'SECRET_UNREADABLE', name: 'SecretUnreadableError', message, retryable: false };
}
