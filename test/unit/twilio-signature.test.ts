/**
 * Twilio's signature against vectors made with its own library (carriers.md §6.1). A check that accepts too much lets
 * anybody ring the agent at its owner's cost; one that accepts too little takes no calls at all.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type FormFields, isSigned, signRequest } from '../../src/transport/twilio/signature.ts';

interface Vector {
  readonly id: string;
  readonly note: string;
  readonly url: string;
  readonly params: FormFields;
  readonly signature: string;
}

const fixture = JSON.parse(
  readFileSync(new URL('./fixtures/twilio/signatures.json', import.meta.url), 'utf8'),
) as {
  readonly authToken: string;
  readonly vectors: readonly Vector[];
  readonly classic: Omit<Vector, 'id' | 'note'> & { readonly authToken: string };
  readonly portTolerance: readonly {
    readonly signatureOf: string;
    readonly checkedAgainstUrl: string;
    readonly expect: boolean;
  }[];
  readonly jsonBody: { readonly url: string; readonly body: string; readonly signature: string };
};
const { authToken, vectors, classic, portTolerance, jsonBody } = fixture;
const vector = (id: string): Vector => vectors.find((known) => known.id === id)!;

/** The same text with one character changed. */
function mutate(text: string, at: number): string {
  const other = text[at] === 'A' ? 'B' : 'A';
  return text.slice(0, at) + other + text.slice(at + 1);
}

describe('a signature', () => {
  it('has all the vectors it is to be held against', () => {
    expect(vectors.map(({ id }) => id)).toEqual(['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9']);
  });

  it.each(vectors)('$id is made: $note', ({ url, params, signature }) => {
    expect(signRequest(authToken, url, params)).toBe(signature);
  });

  it("is made as in Twilio's own documentation", () => {
    expect(signRequest(classic.authToken, classic.url, classic.params)).toBe(classic.signature);
  });

  it.each(vectors)('$id is accepted, and not with a byte of it changed', ({ url, params, signature }) => {
    expect(isSigned([authToken], { url, fields: params, signature })).toBe(true);
    for (const at of [0, 13, signature.length - 2]) {
      expect(isSigned([authToken], { url, fields: params, signature: mutate(signature, at) })).toBe(false);
    }
    expect(isSigned([authToken], { url, fields: params, signature: `${signature} ` })).toBe(false);
    expect(isSigned([authToken], { url, fields: params, signature: '' })).toBe(false);
    expect(isSigned([authToken], { url, fields: params, signature: undefined })).toBe(false);
  });

  it.each(vectors)('$id is refused with another token, address or field', ({ url, params, signature }) => {
    expect(isSigned([mutate(authToken, 3)], { url, fields: params, signature })).toBe(false);
    expect(isSigned([], { url, fields: params, signature })).toBe(false);
    expect(isSigned([authToken], { url: mutate(url, url.length - 1), fields: params, signature })).toBe(
      false,
    );
    expect(isSigned([authToken], { url, fields: { ...params, Extra: '1' }, signature })).toBe(false);
    const [name] = Object.keys(params);
    if (name === undefined) return;
    expect(isSigned([authToken], { url, fields: { ...params, [name]: 'other' }, signature })).toBe(false);
  });

  it.each(portTolerance)(
    'of $signatureOf, held against $checkedAgainstUrl: $expect',
    ({ signatureOf, checkedAgainstUrl, expect: accepted }) => {
      const { params, signature } = vector(signatureOf);
      expect(isSigned([authToken], { url: checkedAgainstUrl, fields: params, signature })).toBe(accepted);
    },
  );

  it('made for the default port is good for the address without it', () => {
    for (const [url, port] of [
      ['https://voice.example.com/a', 443],
      ['wss://voice.example.com/a', 443],
      ['http://[::1]/a?b=c:1', 80],
    ] as const) {
      const signature = signRequest(authToken, url.replace(/(\/\/[^/]+)/, `$1:${port}`));
      expect(isSigned([authToken], { url, signature })).toBe(true);
    }
  });

  it('is accepted from either token while one is being replaced', () => {
    const { url, params, signature } = vector('T1');
    expect(isSigned(['new token', authToken], { url, fields: params, signature })).toBe(true);
  });

  it('of a body that is no form needs the hash in the address as well', () => {
    const { url, body, signature } = jsonBody;
    expect(isSigned([authToken], { url, body, signature })).toBe(true);
    expect(isSigned([authToken], { url, body: `${body} `, signature })).toBe(false);
    expect(isSigned([authToken], { url: url.replace('bodySHA256', 'bodySHA1'), body, signature })).toBe(
      false,
    );
    const bare = 'https://voice.example.com/voice/json';
    expect(isSigned([authToken], { url: bare, body, signature: signRequest(authToken, bare) })).toBe(false);
  });
});
