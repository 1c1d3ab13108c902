import { said, taskError } from './work.ts';
import type { Part, Work } from './work.ts';

/** A dependency that never answers: the time limit of the attempt ends it. */
const HANGS_MS = 3_600_000;

/** What the code tasks do, by their keys. */
export const CODE_WORKS = {
  'orders.sync': (chance) => {
    const orders = Math.round(chance.around(42, 0.7));
    const failing = chance.happens(0.04);
    const durationMs = failing && chance.happens(0.15) ? HANGS_MS : chance.around(900, 0.5);
    return {
      parts: [
        {
          step: null,
          durationMs,
          said: [
            said(0, 'INFO', 'reading orders since the last run', { shop: 'eu-1' }),
            ...(chance.happens(0.1) ? [said(0.4, 'WARN', 'the shop answers slowly', { waitedMs: chance.whole(300, 900) })] : []),
            ...(failing ? [] : [said(0.95, 'INFO', `${orders} orders written`, { orders, skipped: chance.whole(0, 3) })]),
          ],
          ...(failing && {
            error: taskError('SHOP_UNAVAILABLE', 'the shop answered 503 for /api/orders: maintenance in progress'),
          }),
        },
      ],
      output: { orders, cursor: `o-${chance.whole(400_000, 499_999)}` },
    };
  },
  'media.thumbnails': (chance) => {
    const pictures = Math.round(chance.around(120, 0.5));
    const failing = chance.happens(0.02);
    const broken = chance.happens(0.15) ? chance.whole(1, 3) : 0;
    return {
      parts: [
        {
          step: null,
          durationMs: chance.around(11_000, 0.4),
          said: [
            said(0, 'INFO', `${pictures} pictures wait`, { pictures }),
            said(0.35, 'DEBUG', 'batch written', { batch: 1, format: 'avif' }),
            said(0.7, 'DEBUG', 'batch written', { batch: 2, format: 'avif' }),
            ...(broken > 0 ? [said(0.8, 'WARN', 'pictures that cannot be read were left out', { broken })] : []),
          ],
          ...(failing && { error: taskError('OUT_OF_SPACE', 'ENOSPC: no space left on device, write /var/media/tmp') }),
        },
      ],
      output: { written: pictures - broken, broken },
      progress: { total: pictures, unit: 'pictures' },
    };
  },
  'billing.invoices': (chance, input) => {
    const invoices = Math.round(chance.around(260, 0.3));
    const failsAt = chance.happens(0.05) ? chance.pick(['send', 'send', 'render']) : null;
    const parts: Part[] = [
      {
        step: 'collect',
        durationMs: chance.around(4_000, 0.3),
        said: [said(0.9, 'INFO', `${invoices} invoices are due`, { invoices, country: input['country'] ?? 'DE' })],
        output: { invoices },
      },
      {
        step: 'render',
        durationMs: chance.around(24_000, 0.35),
        said: [said(0.2, 'INFO', 'rendering'), said(0.5, 'DEBUG', 'half of the pages are done')],
        output: { pages: invoices * 2 },
        ...(failsAt === 'render' && {
          error: taskError('TEMPLATE_BROKEN', 'the template "invoice-de" has no field vatId', false),
        }),
      },
      {
        step: 'send',
        durationMs: chance.around(16_000, 0.4),
        said: [said(0.1, 'INFO', 'sending', { provider: 'mailer-2' }), said(0.6, 'INFO', 'first batch accepted')],
        output: { sent: invoices },
        ...(failsAt === 'send' && { error: taskError('MAILER_BUSY', 'the mailer refused a batch: 421 try again later') }),
      },
    ];
    return { parts, output: { invoices, sent: invoices }, progress: { total: invoices, unit: 'invoices' } };
  },
  'reports.sales': (chance, input) => {
    const rows = Math.round(chance.around(18_000, 0.4));
    const fails = chance.happens(0.03);
    return {
      parts: [
        {
          step: 'extract',
          durationMs: chance.around(9_000, 0.4),
          said: [said(0, 'INFO', 'reading from the replica'), said(0.9, 'INFO', `${rows} rows`, { rows })],
          output: { rows },
        },
        {
          step: 'aggregate',
          durationMs: chance.around(6_000, 0.3),
          said: [said(0.5, 'DEBUG', 'by region and channel')],
          output: { groups: 214 },
          ...(fails && { error: taskError('REPLICA_BEHIND', 'the replica is 412 s behind; 300 s are allowed') }),
        },
        {
          step: 'render',
          durationMs: chance.around(3_000, 0.3),
          said: [said(0.5, 'INFO', 'writing the file', { format: 'xlsx' })],
        },
        { step: 'deliver', durationMs: chance.around(1_200, 0.5), said: [said(0.9, 'INFO', 'delivered', { recipients: 7 })] },
      ],
      output: { rows, file: `sales-${String(input['region'] ?? 'all')}.xlsx` },
      progress: { total: rows, unit: 'rows' },
    };
  },
  'search.reindex': (chance) => {
    const documents = Math.round(chance.around(240_000, 0.1));
    const shards = [1, 2, 3, 4];
    const fails = chance.happens(0.04);
    return {
      parts: [
        {
          step: 'snapshot',
          durationMs: chance.around(20_000, 0.3),
          said: [said(0, 'INFO', 'taking a snapshot of the catalogue')],
        },
        ...shards.map((shard): Part => ({
          step: `shard ${shard} of ${shards.length}`,
          durationMs: chance.around(150_000, 0.35),
          said: [
            said(0, 'INFO', `writing shard ${shard}`, { documents: Math.round(documents / shards.length) }),
            said(0.3, 'DEBUG', 'segment merged', { segment: shard * 10 + 1 }),
            said(0.6, 'DEBUG', 'segment merged', { segment: shard * 10 + 2 }),
            ...(chance.happens(0.2)
              ? [said(0.7, 'WARN', 'the queue of the index is long, slowing down', { queued: 1_840 })]
              : []),
          ],
          output: { documents: Math.round(documents / shards.length) },
          ...(fails &&
            shard === 3 && { error: taskError('NODE_LOST', 'search-3 closed the connection while a bulk was written') }),
        })),
        {
          step: 'switch alias',
          durationMs: chance.around(900, 0.3),
          said: [said(0.9, 'INFO', 'catalogue now points to the fresh index')],
        },
      ],
      output: { documents },
      progress: { total: documents, unit: 'documents' },
    };
  },
  'ops.queue-depth': (chance) => {
    const waiting = Math.round(chance.around(30, 0.9));
    return {
      parts: [
        {
          step: null,
          durationMs: chance.around(90, 0.6),
          said: [said(0.5, waiting > 120 ? 'WARN' : 'INFO', `${waiting} messages wait`, { waiting, queue: 'mail' })],
          ...(chance.happens(0.012) && { error: taskError('TASK_FAILED', 'read ECONNRESET') }),
        },
      ],
      output: { waiting },
    };
  },
  'ops.clean-temp': (chance) => {
    const files = Math.round(chance.around(180, 0.8));
    return {
      parts: [
        { step: null, durationMs: chance.around(700, 0.5), said: [said(0.8, 'INFO', `${files} files removed`, { files })] },
      ],
      output: { files, bytes: files * chance.whole(9_000, 30_000) },
    };
  },
  'leads.score': (chance) => {
    const leads = Math.round(chance.around(900, 0.4));
    return {
      parts: [
        {
          step: null,
          durationMs: chance.around(38_000, 0.5),
          said: [said(0, 'INFO', 'model loaded', { model: 'leads-2026-10' }), said(0.5, 'INFO', 'half is done')],
          ...(chance.happens(0.03) && {
            error: taskError('MODEL_OUTDATED', 'the model was trained on 41 features, the leads have 43', false),
          }),
        },
      ],
      output: { leads, hot: Math.round(leads * 0.07) },
      progress: { total: leads, unit: 'leads' },
    };
  },
  'warehouse.export': (chance) => {
    const tables = 12;
    return {
      parts: [
        {
          step: null,
          durationMs: chance.around(52_000, 0.4),
          said: [said(0, 'INFO', 'export begins', { tables }), said(0.9, 'INFO', 'files are uploaded', { bucket: 'wh-landing' })],
          ...(chance.happens(0.02) && { error: taskError('UPLOAD_FAILED', 'the bucket answered 503 SlowDown') }),
        },
      ],
      output: { tables, rows: Math.round(chance.around(410_000, 0.2)) },
      progress: { total: tables, unit: 'tables' },
    };
  },
} satisfies Record<string, Work>;
