/**
 * @module Reads the body of a request once, as it came, and no further than a limit: signatures cover bytes, and
 * whoever sends more than the carrier ever does is not the carrier.
 */

export type Body =
  | { readonly text: string }
  /** It exceeds the limit. */
  | 'too-large'
  /** Its sender has gone. */
  | 'broken';

/** Reads the whole body as text, or up to the byte that is too many. @param limit in bytes */
export async function readBody(request: Request, limit: number): Promise<Body> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) return 'too-large';
  if (!request.body) return { text: '' };
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of request.body) {
      length += part.length;
      if (length > limit) return 'too-large';
      parts.push(part);
    }
  } catch {
    return 'broken';
  }
  return { text: Buffer.concat(parts).toString('utf8') };
}
