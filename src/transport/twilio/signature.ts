/**
 * @module Twilio's request signature (carriers.md §6.1): HMAC-SHA1 over the address Twilio was told to call and the
 * sorted form fields. It holds no time, so what repeats has to be recognised elsewhere.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Form fields; a name may have several values. Addresses asked with GET, and media sockets, have none. */
export type FormFields = Readonly<Record<string, string | readonly string[]>>;

/** The signature of one address and its fields, in base64. */
export function signRequest(authToken: string, url: string, fields: FormFields = {}): string {
  let text = url;
  // By code unit, as Twilio sorts: upper case before lower case.
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name]!;
    const values = typeof value === 'string' ? [value] : [...new Set(value)].sort();
    for (const one of values) text += name + one;
  }
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64');
}

export interface SignedRequest {
  /** The address as Twilio was told it, with the query as received, byte for byte. */
  readonly url: string;
  readonly fields?: FormFields;
  /** The raw body of a request that is no form; the address then holds its hash. */
  readonly body?: string;
  /** The header `X-Twilio-Signature`. */
  readonly signature: string | undefined;
}

/**
 * Whether a request was signed with one of the tokens; several while one is being replaced. A signature made for the
 * address without a port is good for any port, one made with a port only for that port (carriers.md §6.1).
 */
export function isSigned(authTokens: readonly string[], request: SignedRequest): boolean {
  const { url, fields, body, signature } = request;
  if (signature === undefined || (body !== undefined && !isHashOf(body, url))) return false;
  const urls = [...new Set([withoutPort(url), url, withPort(url)])];
  return authTokens.some((token) =>
    urls.some((candidate) => isEqual(signature, signRequest(token, candidate, fields))),
  );
}

function isHashOf(body: string, url: string): boolean {
  const hash = /[?&]bodySHA256=([^&]*)/.exec(url)?.[1] ?? '';
  return isEqual(hash, createHash('sha256').update(body, 'utf8').digest('hex'));
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Scheme, authority and the rest. No URL parser: it would rewrite what has to stay as it is. */
const PARTS = /^(\w+:\/\/)([^/?#]*)(.*)$/s;

function withoutPort(url: string): string {
  return url.replace(PARTS, (_all, scheme: string, authority: string, rest: string) => {
    return scheme + authority.replace(/:\d+$/, '') + rest;
  });
}

function withPort(url: string): string {
  return url.replace(PARTS, (all, scheme: string, authority: string, rest: string) => {
    if (/:\d+$/.test(authority)) return all;
    return `${scheme}${authority}:${/^(?:https|wss):/i.test(scheme) ? 443 : 80}${rest}`;
  });
}
