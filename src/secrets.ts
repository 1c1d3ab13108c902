import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Bytes of a key: AES-256. */
export const SECRET_KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';
/** NIST SP 800-38D §8.2.2: random, 96 bits. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** Why a sealed text cannot be read: `keyId` is the key it was sealed under, and `known` whether this server has that key. */
export interface Unreadable {
  ok: false;
  keyId: string;
  known: boolean;
}

/** Encrypts what the database holds and nobody may read there. */
export interface SecretBox {
  /** False when the server has no key: then `seal` throws. */
  readonly canSeal: boolean;
  /** Whether what was sealed under that key can be opened. */
  has(keyId: string): boolean;
  /**
   * @param context  where the text belongs; only the same context opens it, so that a row's secret does not work in another row
   * @returns `v1.KEY.DATA`: the key by its id, and nonce, ciphertext and tag in base64url
   */
  seal(text: string, context: readonly string[]): string;
  open(sealed: string, context: readonly string[]): { ok: true; text: string } | Unreadable;
}

/**
 * @param keys  32 bytes each: the first seals and opens, the others open what was sealed under them. None: nothing can be sealed
 */
export function createSecretBox(keys: readonly Buffer[]): SecretBox {
  const [current] = keys;
  const byId = new Map(keys.map((key) => [secretKeyId(key), key]));
  return {
    canSeal: current !== undefined,
    has: (keyId) => byId.has(keyId),
    seal(text, context) {
      if (current === undefined) throw new Error('there is no key to seal with');
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, current, nonce, { authTagLength: TAG_BYTES }).setAAD(bound(context));
      const data = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${secretKeyId(current)}.${data.toString('base64url')}`;
    },
    open(sealed, context) {
      const [version, keyId = '', encoded = ''] = sealed.split('.');
      const key = byId.get(keyId);
      const data = Buffer.from(encoded, 'base64url');
      if (key === undefined || version !== VERSION || data.length < NONCE_BYTES + TAG_BYTES)
        return { ok: false, keyId, known: key !== undefined };
      const nonce = data.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(bound(context))
        .setAuthTag(data.subarray(-TAG_BYTES));
      try {
        const text = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
        return { ok: true, text };
      } catch {
        // The tag does not fit: changed in the database, or moved there from somewhere else.
        return { ok: false, keyId, known: true };
      }
    },
  };
}

/** What a key is called where it may be seen: eight hexadecimal digits that say nothing of it. */
export function secretKeyId(key: Buffer): string {
  return createHash('sha256').update('carillon secret key id\n').update(key).digest('hex').slice(0, 8);
}

/** As JSON: no two different lists have the same text. */
function bound(context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(context));
}
