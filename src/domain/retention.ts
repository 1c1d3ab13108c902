/** What a task says of how many of its runs that have ended are kept. Each part limits by itself; at least one is given. */
export interface RunRetention {
  /** How long after their end, in milliseconds, in place of what the server says; null: as the server says. */
  runsMs: number | null;
  /** The newest so many of each schedule, and of those without one; null: any number. */
  count: number | null;
}
