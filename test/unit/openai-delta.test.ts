/**
 * Audio deltas are read from the bytes, without a parser. Whatever the bytes, the reader says what JSON.parse
 * would have said or leaves the message to it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Of, chunkOfBase64, chunkOfBytes } from '../../src/audio/chunk.ts';
import {
  APPEND_HEAD,
  APPEND_TAIL,
  readAudioDelta,
  readType,
} from '../../src/providers/realtime/openai/delta.ts';

const TYPE = 'response.output_audio.delta';

const read = (message: string | object) => {
  const delta = readAudioDelta(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));
  return delta && { response: delta.response, item: delta.item, base64: delta.base64.toString() };
};

const DELTA = {
  type: TYPE,
  event_id: 'event_1',
  response_id: 'resp_1',
  item_id: 'item_1',
  output_index: 0,
  content_index: 10,
  delta: 'AAECAw==',
};
const FOUND = { response: 'resp_1', item: 'item_1', base64: 'AAECAw==' };

describe('the fast path for audio in', () => {
  it('reads a delta as the vendor writes it, without copying the audio', () => {
    expect(read(DELTA)).toEqual(FOUND);
    const message = Buffer.from(JSON.stringify(DELTA));
    expect(readAudioDelta(message)?.base64.buffer).toBe(message.buffer);
  });

  it('reads any order of keys and any spacing', () => {
    expect(read(Object.fromEntries(Object.entries(DELTA).toReversed()))).toEqual(FOUND);
    expect(read(JSON.stringify(DELTA, null, 2))).toEqual(FOUND);
    expect(read(` ${JSON.stringify(DELTA).replaceAll(':', ' : ')}\n`)).toEqual(FOUND);
  });

  it.each([
    ['another type', { ...DELTA, type: 'response.output_audio_transcript.delta' }],
    ['another type that begins alike', { ...DELTA, type: `${TYPE}s` }],
    [
      'a type that is a value elsewhere',
      { type: 'error', param: TYPE, response_id: 'r', item_id: 'i', delta: '' },
    ],
    ['a nested delta', { type: 'x', inner: DELTA }],
    ['nesting', { ...DELTA, extra: {} }],
    ['a missing item', { ...DELTA, item_id: undefined }],
    ['a delta that is no text', { ...DELTA, delta: 7 }],
    ['an id with an escape', { ...DELTA, item_id: 'a"b' }],
    ['a negative number', { ...DELTA, output_index: -1 }],
    ['null', { ...DELTA, event_id: null }],
    ['escaped slashes', JSON.stringify({ ...DELTA, delta: 'A/AA' }).replace('/', '\\/')],
    ['the same key twice', `{"type":"${TYPE}","response_id":"a","item_id":"b","item_id":"c","delta":"AAAA"}`],
    ['a leading zero', JSON.stringify(DELTA).replace(':10', ':010')],
    ['something after the end', `${JSON.stringify(DELTA)}x`],
    ['a trailing comma', JSON.stringify(DELTA).replace('}', ',}')],
    ['an array', [DELTA]],
    ['nothing', ''],
  ])('leaves %s to the parser', (_name, message) => {
    expect(read(message)).toBeUndefined();
  });

  it('leaves every message that is cut short to the parser', () => {
    const whole = JSON.stringify(DELTA);
    for (let length = 0; length < whole.length; length += 1) {
      expect(read(whole.slice(0, length)), `${length} bytes`).toBeUndefined();
    }
  });

  it('never says anything but what JSON.parse says', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.base64String(), fc.constant(TYPE));
    const value = fc.oneof(
      { weight: 4, arbitrary: text },
      { weight: 2, arbitrary: fc.nat() },
      fc.jsonValue(),
    );
    const key = fc.oneof(fc.constantFrom('type', 'response_id', 'item_id', 'delta'), text);
    const members = fc.array(fc.tuple(key, value), { maxLength: 4 });
    const required = fc.record({
      type: fc.oneof({ weight: 9, arbitrary: fc.constant(TYPE) }, text),
      response_id: text,
      item_id: text,
      delta: fc.oneof({ weight: 3, arbitrary: fc.base64String() }, text),
    });
    let found = 0;
    fc.assert(
      fc.property(
        required,
        members,
        fc.constantFrom('', ' ', '\n\t'),
        fc.nat(),
        (base, extra, space, seed) => {
          const pairs = [...Object.entries(base), ...extra];
          pairs.push(...pairs.splice(0, seed % pairs.length));
          const body = pairs.map(
            ([name, field]) => `${JSON.stringify(name)}${space}:${space}${JSON.stringify(field)}`,
          );
          const message = `${space}{${space}${body.join(`${space},`)}${space}}${space}`;
          const fast = read(message);
          if (!fast) return;
          found += 1;
          const slow = JSON.parse(message) as Record<string, unknown>;
          expect(slow['type']).toBe(TYPE);
          expect(fast).toEqual({
            response: slow['response_id'],
            item: slow['item_id'],
            base64: slow['delta'],
          });
        },
      ),
      { numRuns: 1_000, seed: 7 },
    );
    // A property that the fast path never enters would prove nothing.
    expect(found).toBeGreaterThan(100);
  });
});

describe('the one write for audio out', () => {
  it('is the append message, from base64 as from bytes', () => {
    const bytes = Uint8Array.from({ length: 160 }, (_, index) => index);
    const base64 = Buffer.from(bytes).toString('base64');
    const message = { type: 'input_audio_buffer.append', audio: base64 };
    for (const chunk of [chunkOfBytes(bytes), chunkOfBase64(Buffer.from(base64))]) {
      const written = Buffer.concat([APPEND_HEAD, base64Of(chunk), APPEND_TAIL]);
      expect(written.toString()).toBe(JSON.stringify(message));
    }
  });
});

describe('the type of a message', () => {
  it.each([
    ['{"type":"rate_limits.updated","event_id":"event_1"}', 'rate_limits.updated'],
    ['{"type":"","event_id":"event_1"}', ''],
    ['{"type":"cut in the mid', undefined],
    ['{"type":"', undefined],
    ['{"type', undefined],
    ['', undefined],
    ['{"event_id":"event_1","type":"rate_limits.updated"}', undefined],
    ['{"type": "rate_limits.updated"}', undefined],
    ['[{"type":"rate_limits.updated"}]', undefined],
  ])('of %s', (text, type) => {
    expect(readType(Buffer.from(text))).toBe(type);
  });
});
