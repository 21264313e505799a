/**
 * @module What a tool returned, as the model is given it: JSON, or text as it is, and never too long.
 */
import { OffhookError } from '../errors.ts';

/** Longest result in bytes of UTF-8: several pages of text, and far below what a provider's socket refuses. */
export const LONGEST_RESULT = 32 * 1024;

/**
 * Writes `value` as text: strings as they are, `undefined` as `null`, everything else as JSON. What is longer than
 * 32 KB is cut between two characters and ends with a note that says so.
 * @throws OffhookError OFFHOOK_TOOL_RESULT for what JSON cannot express, at any depth.
 */
export function writeResult(tool: string, value: unknown): string {
  if (typeof value === 'string') return cutResult(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuseUnwritable);
  } catch (cause) {
    throw new OffhookError('OFFHOOK_TOOL_RESULT', `Tool "${tool}" returned what JSON cannot express.`, {
      cause,
    });
  }
  return cutResult(text ?? 'null');
}

function refuseUnwritable(_key: string, value: unknown): unknown {
  // Without this JSON.stringify drops the first two in silence, and the model would reason about a gap.
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new TypeError(`a ${typeof value} in the result`);
  }
  return value;
}

function cutResult(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= LONGEST_RESULT) return text;
  const note = `\n[The result was cut: it had ${bytes} bytes.]`;
  const room = new Uint8Array(LONGEST_RESULT - note.length);
  // encodeInto stops before a character that does not fit as a whole.
  return text.slice(0, new TextEncoder().encodeInto(text, room).read) + note;
}
