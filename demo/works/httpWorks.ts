import { STATUS_CODES } from 'node:http';
import type { Chance } from '../chance.ts';
import { said } from './work.ts';
import type { Work } from './work.ts';

/** What the target of the demo answers. */
export interface Answer {
  delayMs: number;
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}
interface Endpoint {
  method: 'GET' | 'POST';
  path: string;
  answer(chance: Chance): Answer;
}

const BUSY = (chance: Chance): Answer => ({
  delayMs: chance.around(120, 0.4),
  status: 503,
  body: { error: 'overloaded' },
  headers: { 'retry-after': '2' },
});

/** What HTTP tasks call, by the keys of the tasks. */
export const ENDPOINTS: Record<string, Endpoint> = {
  'web.health': {
    method: 'GET',
    path: '/health',
    answer: (chance) =>
      chance.happens(0.012)
        ? { delayMs: chance.around(900, 0.3), status: 500, body: { status: 'down', check: 'database' } }
        : { delayMs: chance.around(24, 0.6), status: 200, body: { status: 'up', version: '4.18.2' } },
  },
  'crm.contacts': {
    method: 'POST',
    path: '/crm/contacts',
    answer: (chance) =>
      chance.happens(0.06)
        ? BUSY(chance)
        : {
            delayMs: chance.around(260, 0.5),
            status: 200,
            body: { upserted: chance.whole(5, 80), unchanged: chance.whole(0, 40) },
          },
  },
  'payments.settle': {
    method: 'POST',
    path: '/payments/settlements',
    answer: (chance) =>
      chance.happens(0.03)
        ? { delayMs: chance.around(700, 0.3), status: 409, body: { error: 'the settlement of this day is closed' } }
        : {
            delayMs: chance.around(1_400, 0.4),
            status: 201,
            body: { settlement: `st_${chance.whole(10_000, 99_999)}`, currency: 'EUR' },
          },
  },
  'chat.digest': {
    method: 'POST',
    path: '/hooks/digest',
    answer: (chance) =>
      chance.happens(0.02) ? BUSY(chance) : { delayMs: chance.around(90, 0.5), status: 200, body: { ok: true } },
  },
  // Before it was switched off: the target answers PARTNER_GONE.
  'partner.stock': {
    method: 'GET',
    path: '/partners/acme/stock',
    answer: (chance) =>
      chance.happens(0.04)
        ? BUSY(chance)
        : { delayMs: chance.around(420, 0.5), status: 200, body: { items: chance.whole(900, 1_100) } },
  },
  'supplier.prices': {
    method: 'GET',
    path: '/suppliers/globex/prices',
    answer: (chance) =>
      chance.happens(0.03)
        ? BUSY(chance)
        : { delayMs: chance.around(340, 0.4), status: 200, body: { prices: chance.whole(4_000, 4_400) } },
  },
};

/** The partner has changed its interface: what its endpoint answers since. */
export const PARTNER_GONE: Answer = {
  delayMs: 180,
  status: 502,
  body: { error: 'upstream acme-stock-v1 has been switched off' },
};

/** An attempt of an HTTP task, as the server tells of it. @param origin  of the target, such as http://127.0.0.1:4001 */
export function httpWork(key: string, origin: string, answerOf: (chance: Chance) => Answer): Work {
  const { method, path } = ENDPOINTS[key] as Endpoint;
  const host = new URL(origin).host;
  return (chance, input) => {
    const { delayMs, status, body } = answerOf(chance);
    const ok = status < 300;
    const bodyBytes = method === 'POST' ? JSON.stringify(input).length : 0;
    const error = {
      code: 'HTTP_STATUS',
      name: 'HttpStatusError',
      message: `${method} ${origin}${path} answered ${status} ${STATUS_CODES[status]}: ${JSON.stringify(body)}`,
      retryable: status >= 500,
    };
    return {
      parts: [
        {
          step: null,
          durationMs: delayMs,
          said: [
            said(0, 'INFO', 'request sent', { host, method, bodyBytes }),
            said(1, 'INFO', 'response', { status, durationMs: Math.round(delayMs) }),
          ],
          ...(!ok && { error }),
        },
      ],
      output: { status, headers: { 'content-type': 'application/json' }, body },
    };
  };
}
