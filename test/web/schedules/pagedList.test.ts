import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE, PagedList } from '../../../web/src/pages/schedules/pagedList.ts';

interface Item {
  id: string;
  text?: string;
}
const item = (n: number): Item => ({ id: String(n).padStart(6, '0') });

/** A server's list in order of id, whose cursors are ids, and what was asked of it. */
function serve(count: number) {
  const server = { items: Array.from({ length: count }, (_, n) => item(2 * n)), pages: 0, steps: 0, down: false };
  const from = (after: string | null) => (after === null ? 0 : server.items.findIndex(({ id }) => id > after));
  const slice = (after: string | null) => {
    if (server.down) throw new Error('away');
    const begin = from(after);
    const rows = begin === -1 ? [] : server.items.slice(begin, begin + PAGE);
    return { rows, endCursor: rows.at(-1)?.id ?? null, hasNext: begin !== -1 && begin + PAGE < server.items.length };
  };
  const list = new PagedList<Item>({
    async page(after, counted) {
      server.pages += 1;
      return { ...slice(after), ...(counted && { total: server.items.length, capped: false }) };
    },
    async step(after) {
      server.steps += 1;
      const { endCursor, hasNext } = slice(after);
      return hasNext ? endCursor : null;
    },
  });
  return { server, list };
}

/** Until the list has told of the rows in view. */
async function filled(list: PagedList<Item>, from: number, to: number): Promise<string[]> {
  const ids = () => Array.from({ length: to - from + 1 }, (_, n) => list.row(from + n)?.id);
  while (ids().includes(undefined)) {
    await new Promise<void>((resolve) => {
      const stop = list.onChange(() => {
        stop();
        resolve();
      });
    });
  }
  return ids() as string[];
}
const idsOf = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => item(2 * (from + n)).id);

test('the first page says how long the list is, and the next one is read ahead', async () => {
  const { list, server } = serve(10_000);
  assert.equal(list.total, null);
  await list.renew();
  assert.deepEqual(
    [list.total, list.capped, list.row(99)?.id, list.row(200), server.pages, server.steps],
    [10_000, false, item(198).id, undefined, 2, 0],
  );
});

test('any place can be looked at: its page is found by cursors alone, and rows between are not read', async () => {
  const { list, server } = serve(10_000);
  await list.renew();
  list.look(7250, 7270);
  assert.deepEqual(await filled(list, 7250, 7270), idsOf(7250, 7270));
  assert.ok(server.pages <= 5, `${server.pages} pages`);
  assert.ok(server.steps >= 70, `${server.steps} steps`);
});

test('what comes next is read before it comes into view', async () => {
  const { list } = serve(1000);
  await list.renew();
  list.look(60, 75);
  assert.deepEqual(await filled(list, 100, 105), idsOf(100, 105));
});

test('pages far from what is looked at are let go', async () => {
  const { list } = serve(10_000);
  await list.renew();
  for (let at = 0; at < 10_000; at += PAGE) {
    list.look(at, at + 20);
    await filled(list, at, at + 20);
  }
  assert.equal(list.row(0), undefined);
  list.look(0, 10);
  assert.deepEqual(await filled(list, 0, 10), idsOf(0, 10));
});

test('rows that come before those in view move the view, not the rows', async () => {
  const { list, server } = serve(1000);
  await list.renew();
  list.look(450, 465);
  await filled(list, 450, 465);
  server.items.unshift({ id: '-2' }, { id: '-1' });
  await list.renew();
  assert.deepEqual([list.takeMoved(), list.takeMoved(), list.total, list.row(452)?.id], [2, 0, 1002, item(900).id]);
  server.items.splice(0, 150);
  await list.renew();
  assert.deepEqual([list.takeMoved(), list.row(302)?.id], [-150, item(900).id]);
});

test('at the top the list does not move: what comes first is shown first', async () => {
  const { list, server } = serve(1000);
  await list.renew();
  list.look(0, 10);
  server.items.unshift({ id: '-1' });
  await list.renew();
  assert.deepEqual([list.takeMoved(), list.row(0)?.id], [0, '-1']);
});

test('when nothing has moved, rows stay until they are read again', async () => {
  const { list, server } = serve(1000);
  await list.renew();
  list.look(450, 465);
  await filled(list, 450, 465);
  server.items[10] = { ...item(20), text: 'another' };
  await list.renew();
  assert.equal(list.row(10)?.text, undefined);
  const renewed = new Promise<void>((resolve) => list.onChange(() => list.row(10)?.text === 'another' && resolve()));
  list.look(0, 15);
  await renewed;
});

test('a row of its own can be put in without reading its page', async () => {
  const { list, server } = serve(50);
  await list.renew();
  list.patch([{ ...item(4), text: 'newest' }, { id: 'unknown' }]);
  assert.deepEqual([list.row(2)?.text, list.row(49)?.id, server.pages], ['newest', item(98).id, 1]);
});

test('a range reads what was never in view', async () => {
  const { list } = serve(1000);
  await list.renew();
  assert.deepEqual(
    (await list.between(95, 512)).map(({ id }) => id),
    idsOf(95, 512),
  );
});

test('after a failure what was read stays, and the next reading goes on', async () => {
  const { list, server } = serve(1000);
  await list.renew();
  server.down = true;
  await list.renew();
  assert.ok(list.fault instanceof Error);
  assert.equal(list.row(0)?.id, item(0).id);
  server.down = false;
  await list.renew();
  assert.equal(list.fault, null);
});

test('what changes while it is read anew is read once more', async () => {
  const { list, server } = serve(50);
  const first = list.renew();
  server.items.push(item(999));
  assert.equal(list.renew(), first);
  await first;
  assert.deepEqual([list.total, server.pages], [51, 2]);
});
