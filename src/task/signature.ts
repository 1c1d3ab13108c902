import { createHmac } from 'node:crypto';
import { signingKey } from '../domain/httpSecrets.ts';

/**
 * The headers by which a receiver knows who sent a request, that nothing of it was changed, and which it has seen already.
 * Standard Webhooks 1.0.0, symmetric signatures: HMAC-SHA256 over `id.timestamp.body`.
 * @param secret  `whsec_` and the key in base64
 * @param id      the same for every attempt of one message, without a full stop
 * @param sentAt  epoch milliseconds; receivers refuse what is minutes old
 * @param body    as it is sent; null: none, which is signed as an empty one
 */
export function signatureHeaders(secret: string, id: string, sentAt: number, body: Buffer | null): Record<string, string> {
  const timestamp = Math.floor(sentAt / 1_000);
  const signature = createHmac('sha256', Buffer.from(signingKey(secret), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body ?? '')
    .digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}
