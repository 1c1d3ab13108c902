/** The token that this browser asks with. */
const NAME = 'carillon.token';

export function readToken(): string | null {
  return localStorage.getItem(NAME) ?? sessionStorage.getItem(NAME);
}

/** @param kept  also after the tab is closed */
export function keepToken(token: string, kept: boolean): void {
  forgetToken();
  (kept ? localStorage : sessionStorage).setItem(NAME, token);
}

export function forgetToken(): void {
  localStorage.removeItem(NAME);
  sessionStorage.removeItem(NAME);
}
