/** What every connection has. A network that drops packets silently must not hold a caller for the quarter of an hour that TCP takes to notice. */
export const CONNECTION = { connectionTimeoutMillis: 5_000, keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;
