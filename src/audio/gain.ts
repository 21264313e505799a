/**
 * @module Loudness of G.711 audio without decoding it: every gain is a table from code to code.
 */
import { OffhookError } from '../errors.ts';
import type { Codec } from './chunk.ts';
import { decodeTable, encode, fitBytes, mapBytes } from './g711.ts';

// An agent has one or two gains; the bound is for somebody who moves a slider.
const TABLES_KEPT = 32;
const tables = new Map<string, Uint8Array>();

/**
 * Multiplies every sample by `gain`; what exceeds full scale is clipped.
 * @param gain factor, 0 to 100; 1 passes the bytes as they are, 2 is 6 dB louder.
 * @param out where to write; may be `bytes` itself. Default: a new array, or with gain 1 `bytes` itself.
 * @throws OffhookError OFFHOOK_OPTION_INVALID for another gain, OFFHOOK_AUDIO_INVALID if `out` is too short.
 */
export function applyGain(codec: Codec, bytes: Uint8Array, gain: number, out?: Uint8Array): Uint8Array {
  if (gain === 1 && (!out || out === bytes)) return bytes;
  const target = fitBytes(out, bytes.length);
  if (gain !== 1) return mapBytes(tableOf(codec, gain), bytes, target);
  target.set(bytes);
  return target;
}

function tableOf(codec: Codec, gain: number): Uint8Array {
  const key = `${codec}${gain}`;
  const known = tables.get(key);
  if (known) return known;
  if (!(gain >= 0 && gain <= 100)) {
    throw new OffhookError('OFFHOOK_OPTION_INVALID', `The gain is ${gain}.`, {
      expected: 'A factor from 0 to 100; 1 leaves the audio as it is.',
    });
  }
  const louder = Int16Array.from(decodeTable(codec), (sample) =>
    Math.max(-32_768, Math.min(32_767, Math.round(sample * gain))),
  );
  const table = encode(codec, louder);
  const [oldest] = tables.keys();
  if (oldest !== undefined && tables.size === TABLES_KEPT) tables.delete(oldest);
  tables.set(key, table);
  return table;
}
