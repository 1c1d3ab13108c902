/** PostgreSQL: 53300 too_many_connections, 57P01 admin_shutdown, 57P02 crash_shutdown, 57P03 cannot_connect_now; class 08: connections. */
const POSTGRES = /^(?:08[0-9A-Z]{3}|53300|57P0[123])$/;
const SOCKET = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'];
/** Prisma: not reachable, timed out on connect, operation timed out, connection closed, no free connection in the pool, too many of them. */
const PRISMA = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037'];

/** How far a chain of causes is followed: longer ones are cycles. */
const MAX_LINKS = 20;

/** Whether anything in the chain of causes says that the database could not be reached. */
export function isDatabaseAway(error: unknown): boolean {
  const waiting = [error];
  for (let link = 0; link < MAX_LINKS && waiting.length > 0; link += 1) {
    const current = waiting.shift();
    if (typeof current !== 'object' || current === null) continue;
    const { code, originalCode, cause, originalError, errors, meta } = current as Record<string, unknown>;
    if (saysAway(code) || saysAway(originalCode)) return true;
    waiting.push(cause, originalError);
    // Both addresses of "localhost" refused: an AggregateError.
    if (Array.isArray(errors)) waiting.push(...errors);
    // Prisma's known request errors keep the driver's error here.
    if (typeof meta === 'object' && meta !== null) waiting.push((meta as Record<string, unknown>)['driverAdapterError']);
  }
  return false;
}

function saysAway(code: unknown): boolean {
  return typeof code === 'string' && (POSTGRES.test(code) || SOCKET.includes(code) || PRISMA.includes(code));
}
