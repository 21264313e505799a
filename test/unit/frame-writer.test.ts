/** What is said in one go leaves in one write, whole and in order, however slowly the connection takes it. */
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameWriter } from '../../src/runtime/frame-writer.ts';

/** Exported by `ws`, and left out of its types. */
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => Writable };

/** One of Node's own sockets, but for what takes the bytes. */
class PlainSocket extends Socket {
  readonly #take: (chunk: Buffer, done: () => void) => void;

  constructor(take: (chunk: Buffer, done: () => void) => void) {
    super();
    this.#take = take;
    // Net's own would gather what waits, for a handle that is not there.
    Object.defineProperty(this, '_writev', { value: null });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take(chunk, done);
  }
}

interface Wire {
  readonly stream: Writable;
  /** What the other end, which is `ws`, made of it. */
  readonly messages: string[];
  /** What each system call would have carried. */
  readonly calls: Buffer[];
  /** Takes what it was given so far; a slow one holds on to it until then. */
  readonly drain: () => void;
}

function openWire({ masked = true, slow = false } = {}): Wire {
  const messages: string[] = [];
  const calls: Buffer[] = [];
  const waiting: (() => void)[] = [];
  const receiver = new Receiver({
    isServer: masked,
    allowSynchronousEvents: true,
    maxPayload: 1 << 20,
  });
  receiver.on('message', (data: Buffer) => messages.push(data.toString()));
  const stream = new PlainSocket((chunk, done) => {
    // A stream that is slow still has what it was given.
    calls.push(slow ? chunk : Buffer.from(chunk));
    const take = (): void => {
      receiver.write(Buffer.from(chunk));
      done();
    };
    if (slow) waiting.push(take);
    else take();
  });
  const drain = (): void => {
    while (waiting.length > 0) waiting.shift()!();
  };
  return { stream, messages, calls, drain };
}

const text = (value: string): Buffer => Buffer.from(value);
const afterThis = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe.each([{ masked: true }, { masked: false }])('messages, %o', ({ masked }) => {
  test('are read by ws as they were written, whatever their length and that of their pieces', () => {
    const wire = openWire({ masked });
    const frames = new FrameWriter(wire.stream, masked);
    const lengths = [0, 1, 2, 3, 4, 124, 125, 126, 127, 300, 16_380, 65_535, 65_536, 70_001];
    const expected: string[] = [];
    for (const length of lengths) {
      for (const cut of [0, Math.floor(length / 3), length]) {
        const body = text('abcdefg'.repeat(length).slice(0, length));
        frames.write(body.subarray(0, cut), body.subarray(cut), text('!'));
        expected.push(`${body.toString()}!`);
      }
    }
    expect(wire.messages).toEqual(expected);
  });

  test('of several calls at once, on connections that take them late, stay each its own', async () => {
    const step = fc.record({
      wire: fc.nat(2),
      length: fc.oneof(fc.nat(300), fc.nat(20_000)),
      action: fc.constantFrom('gather', 'write', 'send', 'drain', 'turn'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 3 }),
        async (steps, slow) => {
          const wires = [0, 1, 2].map((index) => openWire({ masked, slow: slow[index]! }));
          const writers = wires.map(({ stream }) => new FrameWriter(stream, masked));
          const expected: string[][] = [[], [], []];
          for (const [index, { wire, length, action }] of steps.entries()) {
            if (action === 'gather' || action === 'write') {
              const message = `${index}:`.padEnd(length, String(wire));
              expected[wire]!.push(message);
              writers[wire]![action](text(message));
            } else if (action === 'send') writers[wire]!.send();
            else if (action === 'drain') wires[wire]!.drain();
            else await afterThis();
          }
          await afterThis();
          for (let round = 0; round < steps.length; round += 1) {
            for (const wire of wires) wire.drain();
            await afterThis();
          }
          expect(wires.map(({ messages }) => messages)).toEqual(expected);
          expect(writers.map(({ backlog }) => backlog)).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('no two messages of a client are masked alike', () => {
  const { stream, calls } = openWire();
  const frames = new FrameWriter(stream, true);
  for (let sent = 0; sent < 5_000; sent += 1) frames.write(text('the same'));
  const keys = new Set(calls.map((call) => call.readUInt32LE(2)));
  expect(keys.size).toBeGreaterThan(4_990);
});

test('what is said in one go leaves in one write once the code that says it is done', async () => {
  const { stream, calls, messages } = openWire();
  const frames = new FrameWriter(stream, true);
  frames.gather(text('audio'));
  frames.gather(text('mark'));
  expect(calls).toEqual([]);
  expect(frames.backlog).toBeGreaterThan(0);
  await afterThis();
  expect(messages).toEqual(['audio', 'mark']);
  expect(calls).toHaveLength(1);
  expect(frames.backlog).toBe(0);
  frames.gather(text('more'));
  await afterThis();
  expect(calls).toHaveLength(2);
});

test('what cannot wait leaves at once, behind what was gathered before it', async () => {
  const { stream, calls, messages } = openWire();
  const frames = new FrameWriter(stream, true);
  frames.gather(text('audio'));
  frames.write(text('clear'));
  expect(messages).toEqual(['audio', 'clear']);
  expect(calls).toHaveLength(1);
  await afterThis();
  expect(calls).toHaveLength(1);
});

test('a flood is not held back until it is over', async () => {
  const { stream, calls, messages } = openWire();
  const frames = new FrameWriter(stream, true);
  for (let sent = 0; sent < 100; sent += 1) {
    frames.gather(text('x'.repeat(1_024)));
    expect(frames.backlog).toBeLessThanOrEqual(16 * 1_024);
  }
  await afterThis();
  expect(messages).toHaveLength(100);
  expect(calls.length).toBeLessThanOrEqual(7);
});

test('a connection that stands still holds the bytes it was given and little more', () => {
  const { stream, calls, drain } = openWire({ slow: true });
  const frames = new FrameWriter(stream, true);
  for (let sent = 0; sent < 50; sent += 1) frames.write(text('x'.repeat(200)));
  for (let taken = 0; taken < 50; taken += 1) drain();
  expect(calls).toHaveLength(50);
  // Node's own pool for small buffers is 64 KiB.
  const held = new Set(calls.map(({ buffer }) => buffer));
  expect([...held].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(3 * 65_536);
});

test.each(['encrypts', 'is a tunnel'])(
  'a connection that %s is given copies, since it may keep what it took',
  (kind) => {
    const kept: Buffer[] = [];
    const take = (chunk: Buffer, done: () => void): void => {
      kept.push(chunk);
      done();
    };
    const stream =
      kind === 'encrypts'
        ? Object.assign(new PlainSocket(take), { encrypted: true })
        : new Writable({ write: (chunk: Buffer, _encoding, done) => take(chunk, done) });
    const frames = new FrameWriter(stream, false);
    for (const message of ['one', 'two']) frames.write(text(message));
    expect(kept.map((call) => call.toString('latin1', 2))).toEqual(['one', 'two']);
  },
);

test('a connection that is gone is no fault', async () => {
  const { stream, calls } = openWire();
  const frames = new FrameWriter(stream, true);
  frames.gather(text('audio'));
  stream.destroy();
  await afterThis();
  frames.write(text('clear'));
  expect(calls).toEqual([]);
});
