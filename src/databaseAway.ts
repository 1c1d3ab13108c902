/**
 * PostgreSQL: 25006 read only (a standby after a failover), 25P03 idle in transaction too long, 53300 too_many_connections,
 * 57P01 admin_shutdown, 57P02 crash_shutdown, 57P03 cannot_connect_now; class 08: connections.
 */
const POSTGRES = /^(?:08[0-9A-Z]{3}|25006|25P03|53300|57P0[123])$/;
const SOCKET = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'];
/**
 * Prisma: not reachable, timed out on connect, operation timed out, connection closed, no free connection in the pool, no
 * transaction in time, too many connections.
 */
const PRISMA = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037'];
/** pg gives these no code: a connection that ended under a query or before the next one, none to be had in time, no answer in time. */
const CODELESS =
  /^(?:Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded when trying to connect|Query read timeout)/;

/** How far a chain of causes is followed: longer ones are cycles. */
const MAX_LINKS = 20;

/** Whether anything in the chain of causes says that the database could not be reached. */
export function isDatabaseAway(error: unknown): boolean {
  const waiting = [error];
  for (let link = 0; link < MAX_LINKS && waiting.length > 0; link += 1) {
    const current = waiting.shift();
    if (typeof current !== 'object' || current === null) continue;
    const { code, message, originalCode, cause, originalError, errors, meta } = current as Record<string, unknown>;
    if (saysAway(code) || saysAway(originalCode)) return true;
    // pg-boss hands on copies of errors, which are none themselves.
    if (code === undefined && typeof message === 'string' && CODELESS.test(message)) return true;
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
