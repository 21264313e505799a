/**
 * @module What the messages of both wires cost, read and written as the runtime does it, and beside it with the JSON of
 * the language; and what `ws` adds to each.
 */
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { base64Of, chunkOfBase64 } from '../../src/audio/chunk.ts';
import { APPEND_HEAD, APPEND_TAIL, readAudioDelta } from '../../src/providers/realtime/openai/delta.ts';
import { FrameWriter } from '../../src/runtime/frame-writer.ts';
import { createStreamWriter, FRAME_TAIL, readFrame } from '../../src/transport/twilio/frame.ts';
import { audioDelta } from '../load/events.ts';
import { base64, DELTA, FRAME } from './media.ts';
import { type StageCost, time } from './time.ts';

const STREAM = `MZ${'0'.repeat(32)}`;

export function measureWire(): StageCost[] {
  return [...measureCarrier(), ...measureModel(), ...measureSockets()];
}

/** A connection that takes everything at once. */
const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

const message = (stage: string, run: () => void): StageCost => ({ stage, ns: time(run), per: 'message' });

function measureCarrier(): StageCost[] {
  const payload = base64(FRAME).toString('latin1');
  const media = Buffer.from(
    `{"event":"media","sequenceNumber":"1200","media":{"track":"inbound","chunk":"1199","timestamp":"23980","payload":"${payload}"},"streamSid":"${STREAM}"}`,
  );
  const { head } = createStreamWriter(STREAM);
  const frames = new FrameWriter(nowhere(), false);
  const delta = base64(DELTA);
  const text = delta.toString('latin1');
  return [
    message('carrier frame, read', () => void readFrame(media, 0)),
    message('carrier frame, JSON.parse', () => void JSON.parse(media.toString())),
    message('carrier media, written and framed', () =>
      frames.write(head, base64Of(chunkOfBase64(delta, 1)), FRAME_TAIL),
    ),
    message('carrier media, JSON.stringify', () => {
      JSON.stringify({ event: 'media', streamSid: STREAM, media: { payload: text } });
    }),
  ];
}

function measureModel(): StageCost[] {
  const frame = base64(FRAME);
  const frames = new FrameWriter(nowhere(), true);
  const text = frame.toString('latin1');
  const delta = Buffer.from(`${audioDelta(1)}${base64(DELTA).toString('latin1')}"}`);
  return [
    message('model append, written, framed and masked', () => frames.write(APPEND_HEAD, frame, APPEND_TAIL)),
    message('model append, JSON.stringify', () => {
      JSON.stringify({ type: 'input_audio_buffer.append', audio: text });
    }),
    message('model delta of 200 ms, read', () => {
      const read = readAudioDelta(delta);
      if (read) base64Of(chunkOfBase64(read.base64, 1));
    }),
    message('model delta of 200 ms, JSON.parse', () => void JSON.parse(delta.toString())),
  ];
}

interface Frames {
  readonly Sender: { frame(data: Buffer, options: object): Buffer[] };
  readonly Receiver: new (options: object) => {
    on(event: 'message', run: () => void): void;
    _write(data: Buffer, encoding: string, done: () => void): void;
  };
}

/** `ws` without a socket: what is left of a message is a system call at each end. */
function measureSockets(): StageCost[] {
  const { Sender, Receiver } = createRequire(import.meta.url)('ws') as Frames;
  const append = Buffer.concat([APPEND_HEAD, base64(FRAME), APPEND_TAIL]);
  const options = { fin: true, opcode: 1, rsv1: false, readOnly: true };
  const masked = { ...options, mask: true, maskBuffer: Buffer.alloc(4), generateMask: undefined };
  const fromClient = Buffer.concat(Sender.frame(append, { ...masked, generateMask: nonZero }));
  const receiver = new Receiver({ isServer: true, allowSynchronousEvents: true });
  receiver.on('message', () => undefined);
  const done = (): void => undefined;
  return [
    message('`ws`, a frame of 20 ms as client', () => void Sender.frame(append, masked)),
    message('`ws`, a frame of 20 ms as server', () => void Sender.frame(append, { ...options, mask: false })),
    message('`ws`, a client’s frame read', () => receiver._write(Buffer.from(fromClient), '', done)),
  ];
}

const nonZero = (mask: Buffer): void => void mask.fill(0x5a);
