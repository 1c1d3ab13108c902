/** Thrown while a caller is authenticated, when more can be said than that nobody knows the token. Answered with its code. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: 'UNAUTHENTICATED' | 'FORBIDDEN' | 'UNAVAILABLE';
  constructor(code: Refused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Of a token that was good once: its bearer does not guess. What is said is the same as of an unknown one. */
export function tokenEnded(): Refused {
  return new Refused('UNAUTHENTICATED', 'The token is unknown, expired or revoked.');
}
