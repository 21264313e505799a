/**
 * @module Telephone numbers as the platform takes them (clawops.md 5.4): domestic form inside, `+82` accepted.
 * What is not a number of this country is refused with the platform's two codes.
 */

export type NumberCode = 'INVALID_PHONE_NUMBER' | 'UNSUPPORTED_COUNTRY';

/** Separators out, `+82` to a leading 0. Anything else stays as it is, so that it can be looked up or refused. */
export function normaliseNumber(text: string): string {
  const bare = text.replace(/[\s().-]/g, '');
  return bare.startsWith('+82') ? `0${bare.slice(3).replace(/^0/, '')}` : bare;
}

/** Says why a normalised number cannot be called; undefined if it can. */
export function refuseNumber(number: string): NumberCode | undefined {
  if (number.startsWith('+')) return 'UNSUPPORTED_COUNTRY';
  return /^0\d{8,11}$/.test(number) || /^1[5-8]\d{6}$/.test(number) ? undefined : 'INVALID_PHONE_NUMBER';
}
