/** @module Reading of messages whose fields may be missing or of another kind than announced. */

/** A JSON object as it came. */
export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = {};

/** The object under `key`; empty where there is none. */
export function object(fields: Fields, key: string): Fields {
  const value = fields[key];
  return isFields(value) ? value : NONE;
}

/** The objects in the array under `key`. */
export function array(fields: Fields, key: string): Fields[] {
  const value = fields[key];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The string under `key`; empty where there is none. */
export function text(fields: Fields, key: string): string {
  const value = fields[key];
  return typeof value === 'string' ? value : '';
}

/**
 * The vendor's code of an error, else its type. Only what looks like an identifier: messages may quote
 * what was said, and a code goes into logs.
 */
export function codeOf(error: Fields): string {
  for (const key of ['code', 'type']) {
    const value = text(error, key);
    if (/^[a-zA-Z0-9_.-]{1,64}$/.test(value)) return value;
  }
  return 'unknown_error';
}

/** The numbers of a nested object, named by their path: `input_token_details_cached_tokens`. */
export function flatten(fields: Fields, prefix = ''): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const [key, value] of Object.entries(fields)) {
    const name = prefix === '' ? key : `${prefix}_${key}`;
    if (typeof value === 'number') flat[name] = value;
    else if (isFields(value)) Object.assign(flat, flatten(value, name));
  }
  return flat;
}

/** Parses a message; undefined where it is no JSON or no object. */
export function parseObject(message: Buffer): Fields | undefined {
  try {
    const value: unknown = JSON.parse(message.toString());
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
