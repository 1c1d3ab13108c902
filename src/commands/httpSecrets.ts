import type { HttpRequest } from '../domain/httpRequest.ts';
import { headerContext, signingContext } from '../domain/httpSecrets.ts';
import type { SecretPlan } from '../domain/httpSecrets.ts';
import type { SecretBox } from '../secrets.ts';
import type { Fields } from './fields.ts';

/**
 * Encrypts what is given and joins it with what stays.
 * @param path  where the request stands in the input
 * @returns members of the request, without those that are empty; null when the server has no key, which `fields` then says
 */
export function sealSecrets(
  fields: Fields,
  path: string[],
  box: SecretBox,
  task: { key: string; url: string },
  { kept, given, signing }: SecretPlan,
): Pick<HttpRequest, 'secretHeaders' | 'signingSecret'> | null {
  const names = Object.keys(given);
  if (!box.canSeal && (names.length > 0 || signing.given !== null)) {
    for (const field of [...(names.length > 0 ? ['secretHeaders'] : []), ...(signing.given === null ? [] : ['signingSecret'])]) {
      const message = `${field} cannot be stored: this server has no key for secrets. Set CARILLON_SECRET_KEY (32 bytes in base64, as \`openssl rand -base64 32\` prints them) and start it again.`;
      fields.add([...path, field], message, 'CARILLON_SECRET_KEY');
    }
    return null;
  }
  const sealed = names.map((name) => [name, box.seal(given[name] ?? '', headerContext(task.key, task.url, name))] as const);
  const secretHeaders = { ...kept, ...Object.fromEntries(sealed) };
  const signingSecret = signing.given === null ? signing.kept : box.seal(signing.given, signingContext(task.key));
  return {
    ...(Object.keys(secretHeaders).length > 0 && { secretHeaders }),
    ...(signingSecret !== null && { signingSecret }),
  };
}
