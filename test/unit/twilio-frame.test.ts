/**
 * The media hot path of a Twilio stream: the byte reader must see exactly what JSON.parse sees, or step aside. A
 * payload cut one byte short, or a timestamp from elsewhere, would be heard as a click or lived as a jump in time.
 */
import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/audio/chunk.ts';
import {
  createStreamWriter,
  FRAME_TAIL,
  readEcho,
  readFrame,
  readMedia,
} from '../../src/transport/twilio/frame.ts';

const SILENCE = Buffer.alloc(160, 0xff).toString('base64');
const SID = `MZ${'0'.repeat(32)}`;
const MEDIA = `"media":{"track":"inbound","chunk":"8","timestamp":"140","payload":"${SILENCE}"}`;

const view = (chunk: { at: number; ms: number; base64: Uint8Array | undefined }) => ({
  at: chunk.at,
  ms: chunk.ms,
  base64: Buffer.from(chunk.base64!).toString('latin1'),
});

/** What the slow reader makes of a message, in the form of the fast one. */
function parsed(text: string, expected: number) {
  const fact = readMedia(Buffer.from(text), expected);
  return fact.type === 'audio' ? view(fact.chunk) : undefined;
}

describe('caller audio', () => {
  const layouts: [string, string][] = [
    ['as Twilio documents it', `{"event":"media","sequenceNumber":"9","streamSid":"${SID}",${MEDIA}}`],
    ['as its servers write it', `{"event":"media","sequenceNumber":"9",${MEDIA},"streamSid":"${SID}"}`],
    ['without a sequence number', `{"event":"media","streamSid":"${SID}",${MEDIA}}`],
    ['with nothing around it', `{"event":"media",${MEDIA}}`],
  ];
  it.each(layouts)('%s is read as a view of the message, decoded by nobody', (_name, text) => {
    const message = Buffer.from(text);
    const chunk = readFrame(message, 0)!;
    expect(view(chunk)).toEqual({ at: 140, ms: 20, base64: SILENCE });
    expect(chunk.base64!.buffer).toBe(message.buffer);
    expect(chunk.bytes).toBeUndefined();
    expect(bytesOf(chunk)).toEqual(Buffer.alloc(160, 0xff));
    expect(parsed(text, 0)).toEqual(view(chunk));
  });

  it('without a timestamp follows what came before', () => {
    const text = `{"event":"media","streamSid":"${SID}","media":{"payload":"${SILENCE}"}}`;
    expect(view(readFrame(Buffer.from(text), 999)!)).toEqual({ at: 999, ms: 20, base64: SILENCE });
  });

  const odd: [string, string][] = [
    ['spaces', `{ "event": "media", "media": { "timestamp": "140", "payload": "${SILENCE}" } }`],
    ['another order', `{"media":{"payload":"${SILENCE}","timestamp":"140"},"event":"media"}`],
    ['the event last', `{"streamSid":"${SID}",${MEDIA},"event":"media"}`],
    ['numbers for strings', `{"event":"media","media":{"timestamp":140,"payload":"${SILENCE}"}}`],
    ['an unknown field before', `{"event":"media","region":"ie1",${MEDIA}}`],
    ['an unknown field behind', `{"event":"media",${MEDIA},"streamSid":"${SID}","region":"ie1"}`],
    ['an escape in the stream id', `{"event":"media","streamSid":"M\\"Z",${MEDIA}}`],
    ['an escape in the stream id behind', `{"event":"media",${MEDIA},"streamSid":"M\\"Z"}`],
    ['a payload that is not last', `{"event":"media","media":{"payload":"${SILENCE}","timestamp":"140"}}`],
  ];
  it.each(odd)('with %s is left to JSON.parse, and not lost', (_name, text) => {
    expect(readFrame(Buffer.from(text), 0)).toBeUndefined();
    expect(parsed(text, 0)).toEqual({ at: 140, ms: 20, base64: SILENCE });
  });

  it.each([
    ['a payload that is no base64', `{"event":"media","media":{"payload":"a*b"}}`],
    ['a payload cut short', `{"event":"media","media":{"payload":"${SILENCE}`],
    ['a message cut short', `{"event":"media",${MEDIA}`],
    ['a stream id cut short', `{"event":"media",${MEDIA},"streamSid":"${SID}`],
    ['something behind the end', `{"event":"media",${MEDIA}}}`],
    ['no media at all', `{"event":"media"}`],
  ])('is not found in %s', (_name, text) => {
    expect(readFrame(Buffer.from(text), 0)).toBeUndefined();
    expect(readMedia(Buffer.from(text), 0)).toEqual({ type: 'malformed' });
  });

  it('of the other track is nobody’s', () => {
    const text = `{"event":"media","media":{"track":"outbound","payload":"${SILENCE}"}}`;
    expect(readFrame(Buffer.from(text), 0)).toBeUndefined();
    expect(readMedia(Buffer.from(text), 0)).toEqual({ type: 'ignored' });
  });

  it('reads the same fast and slow, whatever byte goes wrong', () => {
    const texts = layouts.map(([, text]) => text);
    const property = fc.property(
      fc.constantFrom(...texts),
      fc.nat(400),
      fc.nat(0x7e),
      fc.nat(2),
      (text, place, code, cut) => {
        const at = place % text.length;
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + cut);
        const fast = readFrame(Buffer.from(changed), 7);
        if (fast) expect(view(fast)).toEqual(parsed(changed, 7));
      },
    );
    fc.assert(property, { numRuns: 3_000, seed: 5 });
  });
});

describe('the echo of a mark', () => {
  const layouts = [
    `{"event":"mark","sequenceNumber":"4","streamSid":"${SID}","mark":{"name":"g1.2.3"}}`,
    `{"event":"mark","sequenceNumber":"4","mark":{"name":"g1.2.3"},"streamSid":"${SID}"}`,
    `{"event":"mark","streamSid":"${SID}","mark":{"name":"g1.2.3"}}`,
    `{"event":"mark","mark":{"name":"g1.2.3"}}`,
  ];
  it.each(layouts)('is read from %s', (text) => {
    expect(readEcho(Buffer.from(text))).toBe('g1.2.3');
  });

  it.each([
    ['spaces', '{"event": "mark", "mark": {"name": "a"}}'],
    ['an escape', '{"event":"mark","mark":{"name":"a\\"b"}}'],
    ['more than ASCII', '{"event":"mark","mark":{"name":"가"}}'],
    ['a name that is no text', '{"event":"mark","mark":{"name":7}}'],
    ['a second field', '{"event":"mark","mark":{"name":"a","id":"b"}}'],
    ['a name cut short', '{"event":"mark","mark":{"name":"a'],
    ['something behind the end', '{"event":"mark","mark":{"name":"a"}}}'],
    ['nothing', ''],
  ])('with %s is left to JSON.parse', (_name, text) => {
    expect(readEcho(Buffer.from(text))).toBeUndefined();
  });

  it('reads the same fast and slow, whatever byte goes wrong', () => {
    const property = fc.property(
      fc.constantFrom(...layouts),
      fc.nat(120),
      fc.integer({ min: 0, max: 0xff }),
      fc.nat(2),
      (text, place, code, cut) => {
        const at = place % text.length;
        const wrong = Buffer.from([code]);
        const bytes = Buffer.from(text);
        const changed = Buffer.concat([bytes.subarray(0, at), wrong, bytes.subarray(at + cut)]);
        const name = readEcho(changed);
        if (name !== undefined && isUtf8(changed))
          expect(readMedia(changed, 0)).toEqual({ type: 'mark', name });
      },
    );
    fc.assert(property, { numRuns: 5_000, seed: 5 });
  });
});

describe('other messages', () => {
  const start = (more: object) =>
    readMedia(
      Buffer.from(JSON.stringify({ event: 'start', start: { streamSid: SID, callSid: 'CA1', ...more } })),
      0,
    );

  it('a start says what the stream is', () => {
    const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 };
    expect(start({ customParameters: { token: 't', count: 7 }, mediaFormat })).toEqual({
      type: 'start',
      start: { streamSid: SID, callSid: 'CA1', parameters: { token: 't' }, isUlaw: true },
    });
  });

  it.each([
    [{}, true],
    [{ customParameters: null }, true],
    [{ mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: '8000' } }, true],
    [{ mediaFormat: { encoding: 'audio/x-l16', sampleRate: 8000 } }, false],
    [{ mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 16_000 } }, false],
    [{ mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 2 } }, false],
  ])('a start with %j is mu-law: %s', (more, isUlaw) => {
    expect(start(more)).toMatchObject({ type: 'start', start: { isUlaw, parameters: {} } });
  });

  it.each([
    [{ streamSid: undefined }],
    [{ callSid: 7 }],
    [{ callSid: '' }],
    [{ callSid: '../../etc/passwd' }],
    [{ streamSid: 'x'.repeat(65) }],
  ])('a start with %j is none', (more) => {
    expect(start(more)).toEqual({ type: 'malformed' });
  });

  it.each([
    ['{"event":"connected","protocol":"Call","version":"1.0.0"}', { type: 'ignored' }],
    [
      '{"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"#"}}',
      { type: 'digit', key: '#' },
    ],
    ['{"event":"dtmf","dtmf":{"digit":"A"}}', { type: 'malformed' }],
    ['{"event":"mark","mark":{"name":"1:2"}}', { type: 'mark', name: '1:2' }],
    ['{"event":"mark","mark":{}}', { type: 'malformed' }],
    ['{"event":"stop","stop":{"callSid":"CA1"}}', { type: 'stop' }],
    ['{"event":"stop"}', { type: 'stop' }],
    ['{"event":"transcription"}', { type: 'unknown' }],
    ['[]', { type: 'malformed' }],
    ['oops', { type: 'malformed' }],
  ])('%s', (text, fact) => {
    expect(readMedia(Buffer.from(text), 0)).toEqual(fact);
  });
});

describe('what is written', () => {
  const writer = createStreamWriter(SID);
  const read = (message: Buffer): unknown => JSON.parse(message.toString());

  it('is one message a chunk around its base64', () => {
    const message = Buffer.concat([writer.head, Buffer.from('fn5+'), FRAME_TAIL]);
    expect(read(message)).toEqual({ event: 'media', streamSid: SID, media: { payload: 'fn5+' } });
  });

  it('names its stream, whatever the names', () => {
    expect(read(writer.mark('a "b" \\ 가'))).toEqual({
      event: 'mark',
      streamSid: SID,
      mark: { name: 'a "b" \\ 가' },
    });
    expect(read(writer.clear)).toEqual({ event: 'clear', streamSid: SID });
    expect(read(createStreamWriter('M"Z').clear)).toEqual({ event: 'clear', streamSid: 'M"Z' });
    expect(writer.clear).toBe(writer.clear);
  });

  it('holds on to no memory but its own for as long as a call', () => {
    for (const bytes of [writer.head, writer.clear]) expect(bytes.buffer.byteLength).toBe(bytes.length);
  });
});
