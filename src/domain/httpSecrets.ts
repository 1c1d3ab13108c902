import { DISTINCT_NAMES, VALUE_RULE, headerNameFault, isHeaderValue } from './httpRequest.ts';
import type { FieldError, HttpRequest } from './httpRequest.ts';

/** What a user says of the secrets of a request. Absent: keep; null: none. Of the headers each null removes that one. */
export interface SecretFields {
  secretHeaders?: Record<string, unknown> | null | undefined;
  signingSecret?: string | null | undefined;
}

/** The secrets that a request is to have: the encrypted ones that stay, and those that are still to be encrypted. */
export interface SecretPlan {
  kept: Record<string, string>;
  given: Record<string, string>;
  signing: { kept: string | null; given: string | null };
}

type Sealed = Pick<HttpRequest, 'url' | 'secretHeaders' | 'signingSecret'>;

const MAX_SECRET_HEADERS = 10;
/** A shorter value is a word that may stand in any answer: it could not be blanked where an answer repeats it. */
export const MIN_SECRET_CHARS = 6;
const MAX_SECRET_CHARS = 4096;
const SECRET_CHARS = `${MIN_SECRET_CHARS} to ${MAX_SECRET_CHARS} characters`;
/** Standard Webhooks 1.0.0, Signature scheme: 24 to 64 random bytes, base64, with this in front. */
const SIGNING_PREFIX = 'whsec_';
const SIGNING_BYTES = { min: 24, max: 64 };
/** What a signed request says of itself. */
const SIGNATURE_HEADERS = /^webhook-(id|timestamp|signature)$/i;

/**
 * Checks the secrets of a request, naming every bad field at once and none of their values.
 * Limits: 10 headers of 6 to 4,096 characters; a signing secret of 24 to 64 bytes.
 * @param request  the request they belong to, as it is going to be; `url` null when it is not valid
 * @param current  the task's own up to here
 */
export function parseSecrets(
  input: SecretFields,
  request: { url: string | null; headers: Record<string, unknown> },
  current: Sealed | null,
): { plan: SecretPlan; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const { kept, given } = planHeaders(input.secretHeaders, current?.secretHeaders ?? {}, errors);
  const signing = planSigning(input.signingSecret, current?.signingSecret ?? null, errors);
  const secretNames = [...Object.keys(kept), ...Object.keys(given)];
  if (secretNames.length > MAX_SECRET_HEADERS) {
    const message = `secretHeaders are ${secretNames.length}; allowed are ${MAX_SECRET_HEADERS}`;
    errors.push({ path: ['secretHeaders'], message, constraint: `at most ${MAX_SECRET_HEADERS} secret headers` });
  }
  refuseTwice(Object.keys(request.headers), secretNames, errors);
  if (signing.kept !== null || signing.given !== null) refuseSignature(Object.keys(request.headers), secretNames, errors);
  if (current !== null && request.url !== null)
    refuseToFollow(current.url, request.url, secretHeaderNames({ secretHeaders: kept }), errors);
  return { plan: { kept, given, signing }, errors };
}

function planHeaders(
  input: SecretFields['secretHeaders'],
  current: Record<string, string>,
  errors: FieldError[],
): Pick<SecretPlan, 'kept' | 'given'> {
  if (input === undefined) return { kept: current, given: {} };
  if (input === null) return { kept: {}, given: {} };
  const entries = Object.entries(input);
  const named = new Set<string>();
  const given: [string, string][] = [];
  for (const [name, value] of entries) {
    const refuse = (message: string, constraint: string): void => {
      errors.push({ path: ['secretHeaders', name], message: `secret header ${JSON.stringify(name)} ${message}`, constraint });
    };
    const fault = headerNameFault(name);
    if (fault !== null) refuse(...fault);
    else if (named.has(name.toLowerCase())) refuse('is given twice: header names ignore case', DISTINCT_NAMES);
    else if (value !== null && typeof value !== 'string') refuse('must be a string, or null to remove it', 'a string or null');
    else if (value !== null && !isHeaderValue(value)) refuse('holds a character that a header cannot carry', VALUE_RULE);
    else if (value !== null && (value.trim().length < MIN_SECRET_CHARS || value.length > MAX_SECRET_CHARS))
      refuse(`has ${value.trim().length} characters; allowed are ${SECRET_CHARS}`, SECRET_CHARS);
    else if (value !== null) given.push([name, value.trim()]);
    named.add(name.toLowerCase());
  }
  const kept = Object.entries(current).filter(([name]) => !named.has(name.toLowerCase()));
  return { kept: Object.fromEntries(kept), given: Object.fromEntries(given) };
}

function planSigning(input: SecretFields['signingSecret'], current: string | null, errors: FieldError[]): SecretPlan['signing'] {
  if (input === undefined) return { kept: current, given: null };
  if (input === null) return { kept: null, given: null };
  if (signingKeyLength(input) === null) {
    const allowed = `${SIGNING_PREFIX} and ${SIGNING_BYTES.min} to ${SIGNING_BYTES.max} random bytes in base64`;
    errors.push({ path: ['signingSecret'], message: `signingSecret must be ${allowed}`, constraint: allowed });
  }
  return { kept: null, given: input };
}

/** @returns how many bytes a signing secret stands for; null when it is none */
function signingKeyLength(secret: string): number | null {
  const encoded = secret.startsWith(SIGNING_PREFIX) ? secret.slice(SIGNING_PREFIX.length) : '';
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return null;
  const bytes = (encoded.length / 4) * 3 - (encoded.endsWith('==') ? 2 : encoded.endsWith('=') ? 1 : 0);
  return bytes >= SIGNING_BYTES.min && bytes <= SIGNING_BYTES.max ? bytes : null;
}

/** @param secret  as `parseSecrets` accepted it @returns the key, in base64 */
export function signingKey(secret: string): string {
  return secret.slice(SIGNING_PREFIX.length);
}

function refuseTwice(plain: readonly string[], secret: readonly string[], errors: FieldError[]): void {
  const names = new Set(plain.map((name) => name.toLowerCase()));
  for (const name of secret.filter((each) => names.has(each.toLowerCase()))) {
    const message = `secret header ${JSON.stringify(name)} is in headers too: it can be in one of them only`;
    errors.push({ path: ['secretHeaders', name], message, constraint: 'a name in headers or in secretHeaders' });
  }
}

function refuseSignature(plain: readonly string[], secret: readonly string[], errors: FieldError[]): void {
  const refuse = (field: string, name: string) =>
    errors.push({
      path: [field, name],
      message: `header ${JSON.stringify(name)} is set by the signature`,
      constraint: 'a header that is not of the signature (Webhook-Id, Webhook-Timestamp, Webhook-Signature)',
    });
  for (const name of plain) if (SIGNATURE_HEADERS.test(name)) refuse('headers', name);
  for (const name of secret) if (SIGNATURE_HEADERS.test(name)) refuse('secretHeaders', name);
}

/** Whoever may edit the URL could otherwise have secrets sent to themselves that they may not read. */
function refuseToFollow(from: string, to: string, kept: readonly string[], errors: FieldError[]): void {
  const origin = secretOrigin(from);
  if (kept.length === 0 || secretOrigin(to) === origin) return;
  const message = `url leaves ${origin}, which ${kept.join(', ')} ${kept.length === 1 ? 'was' : 'were'} given for: give secretHeaders again, or remove them`;
  errors.push({ path: ['url'], message, constraint: `a URL of ${origin}` });
}

/** In alphabetical order: PostgreSQL keeps no other. */
export function secretHeaderNames({ secretHeaders }: Pick<HttpRequest, 'secretHeaders'>): string[] {
  return Object.keys(secretHeaders ?? {}).toSorted();
}

/** Scheme, host and port. */
function secretOrigin(url: string): string {
  return new URL(url).origin;
}

/** What the value of a header is encrypted for: this task, header and origin, so that an edited row sends it to nobody else. */
export function headerContext(taskKey: string, url: string, name: string): string[] {
  return ['http.secretHeaders', taskKey, secretOrigin(url), name.toLowerCase()];
}

export function signingContext(taskKey: string): string[] {
  return ['http.signingSecret', taskKey];
}
