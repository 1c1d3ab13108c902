import type { Visitor } from './door.ts';

/** The longest that a timer of Node can wait. */
const LONGEST_MS = 2_147_483_647;

/** What is done to a connection that is open. */
interface Connection {
  /** Asks again who the visitor is: tokens have been revoked. */
  look(): void;
  /** What let the visitor in has ended. */
  expire(): void;
}

/** How long visitors whose connections stay open may stay. Beside it the token is asked for again with every keep-alive. */
export interface Tenure {
  /** Follows a visitor until the returned function is called. */
  follow(visitor: Visitor, connection: Connection): () => void;
}

/** @param onTokensRevoked  a hint that may be lost: the keep-alive is behind it */
export function createTenure(onTokensRevoked: (listener: () => void) => () => void, clock: { now(): number }): Tenure {
  return {
    follow({ viewer: { validUntil } }, { look, expire }) {
      const deafen = onTokensRevoked(look);
      let timer: NodeJS.Timeout | undefined;
      // As it was at the entrance: what a tolerance lets in later does not prolong what is open.
      const wait = (until: number) => {
        const left = until - clock.now();
        if (left <= 0) return expire();
        timer = setTimeout(() => wait(until), Math.min(left, LONGEST_MS));
      };
      if (validUntil !== undefined) wait(validUntil);
      return () => {
        deafen();
        clearTimeout(timer);
      };
    },
  };
}
