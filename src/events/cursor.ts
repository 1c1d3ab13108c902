import type { Position } from '../store/events.ts';

/** Opaque to clients (docs/protocol: {stream, xid, seq}); readable to us. */
export function printCursor(streamId: string, position: Position): string {
  return Buffer.from(`${streamId}.${position.xid}.${position.seq}`).toString('base64url');
}

/** `expired`: a cursor of another stream, from before the database was restored. `malformed`: never one of ours. */
export type CursorResult = { ok: true; position: Position } | { ok: false; why: 'malformed' | 'expired' };

export function parseCursor(streamId: string, cursor: string): CursorResult {
  if (cursor.length > 200) return { ok: false, why: 'malformed' };
  const match = /^([0-9a-f-]{36})\.(\d{1,20})\.(\d{1,19})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null) return { ok: false, why: 'malformed' };
  if (match[1] !== streamId) return { ok: false, why: 'expired' };
  const position = { xid: BigInt(match[2] as string), seq: BigInt(match[3] as string) };
  // What PostgreSQL's xid8 and bigint can hold.
  if (position.xid >= 2n ** 64n || position.seq >= 2n ** 63n) return { ok: false, why: 'malformed' };
  return { ok: true, position };
}
