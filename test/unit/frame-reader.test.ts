/**
 * Reading past `ws` changes nothing that a listener could tell: whatever arrives, in whatever pieces, the same messages,
 * pings, closes and faults are heard in the same order.
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { readWholeFrames } from '../../src/runtime/frame-reader.ts';

const LONGEST = 70_000;

/** What `ws` does once a handshake is over; left out of its types. */
interface Opened {
  _isServer: boolean;
  setSocket(stream: Duplex, head: Buffer, options: object): void;
}

interface Ear {
  readonly stream: Duplex;
  readonly heard: string[];
  readonly socket: WebSocket;
}

/** As a server makes them. */
const createSocket = (): WebSocket => {
  const Made = WebSocket as unknown as new (
    address: null,
    protocols: undefined,
    options: object,
  ) => WebSocket;
  return new Made(null, undefined, {});
};

/** One end of a WebSocket over a stream that the test fills. */
function open({ masked, fast }: { masked: boolean; fast: boolean }): Ear {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const socket = createSocket();
  const inside = socket as unknown as Opened;
  inside._isServer = masked;
  inside.setSocket(stream, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: LONGEST });
  const heard: string[] = [];
  socket.on('message', (data: Buffer, binary) => {
    const text =
      data.length > 50 ? `${data.length} bytes, ${data.subarray(0, 20).toString()}` : data.toString();
    heard.push(`message ${binary} ${text}`);
  });
  socket.on('ping', (data) => heard.push(`ping ${data.toString()}`));
  socket.on('pong', (data) => heard.push(`pong ${data.toString()}`));
  socket.on('error', (error) => heard.push(`error ${(error as NodeJS.ErrnoException).code}`));
  socket.on('close', (code) => heard.push(`close ${code}`));
  if (fast) expect(readWholeFrames(socket, stream, { masked, longest: LONGEST })).toBe(true);
  return { stream, heard, socket };
}

interface Frame {
  readonly first: number;
  readonly payload: Buffer;
  /** Masked where it should not be, and the other way round. */
  readonly wrong?: boolean;
}

/** Text, were it taken for a part of the message. */
const KEY = [0x12, 0x6e, 0x01, 0x07] as const;

function write({ first, payload, wrong = false }: Frame, masked: boolean): Buffer {
  const masks = masked !== wrong;
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([first, length])
      : length < 65_536
        ? Buffer.from([first, 126, length >> 8, length & 0xff])
        : Buffer.from([first, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff]);
  if (!masks) return Buffer.concat([head, payload]);
  head[1]! |= 0x80;
  return Buffer.concat([head, Buffer.from(KEY), payload.map((byte, at) => byte ^ KEY[at % 4]!)]);
}

/** Everything on its way is told, also what streams put off to the next tick. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => process.nextTick(resolve));
}

async function listen(
  frames: Buffer,
  cuts: readonly number[],
  masked: boolean,
  fast: boolean,
): Promise<string[]> {
  const { stream, heard } = open({ masked, fast });
  let at = 0;
  for (const cut of [...cuts, frames.length]) {
    const next = Math.min(frames.length, Math.max(at, cut));
    // A copy: what is masked is unmasked in place.
    if (next > at) stream.push(Buffer.from(frames.subarray(at, next)));
    await settle();
    at = next;
  }
  stream.push(null);
  await settle();
  stream.destroy();
  await settle();
  return heard;
}

const text = (value: string): Frame => ({ first: 0x81, payload: Buffer.from(value) });
const lengths = fc.constantFrom(0, 1, 5, 125, 126, 127, 300, 65_535, 65_536, LONGEST);
const whole = lengths.map((length) => text('ä'.repeat(length >> 1) + 'a'.repeat(length % 2)));
const control = fc
  .tuple(fc.constantFrom(0x89, 0x8a), fc.constantFrom('', 'beat', 'x'.repeat(125)))
  .map(([first, value]): Frame => ({ first, payload: Buffer.from(value) }));
const ODD: readonly Frame[] = [
  { first: 0x82, payload: Buffer.from([0, 1, 2]) },
  { first: 0x01, payload: Buffer.from('begun ') },
  { first: 0x00, payload: Buffer.from('and ') },
  { first: 0x80, payload: Buffer.from('ended') },
  { first: 0x88, payload: Buffer.from([0x03, 0xe8]) },
  { first: 0x88, payload: Buffer.alloc(0) },
  { first: 0x81, payload: Buffer.from([0xff, 0xfe, 0x41]) },
  { first: 0xc1, payload: Buffer.from('compressed') },
  { first: 0x91, payload: Buffer.from('reserved') },
  { first: 0x83, payload: Buffer.from('of no kind') },
  { first: 0x09, payload: Buffer.from('a ping in parts') },
  { first: 0x89, payload: Buffer.alloc(126, 'p') },
  { first: 0x81, payload: Buffer.alloc(LONGEST + 1, 'l') },
  { first: 0x81, payload: Buffer.from('masked?'), wrong: true },
  // Read as if it were masked, it would be text as far as into the next frame.
  {
    first: 0x81,
    payload: Buffer.from([0x81, 0x85, KEY[0], KEY[1], 0x81, 0x85, KEY[0], KEY[1]]),
    wrong: true,
  },
];
const odd = fc.constantFrom(...ODD);
const anything = fc.array(
  fc.oneof({ weight: 6, arbitrary: whole }, { weight: 2, arbitrary: control }, { weight: 1, arbitrary: odd }),
  { maxLength: 12 },
);

describe.each([{ masked: true }, { masked: false }])('read past ws, %o', ({ masked }) => {
  it('tells what ws tells, whatever comes and however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        anything,
        fc.infiniteStream(fc.nat(40_000)),
        fc.nat(12),
        async (frames, steps, pieces) => {
          const bytes = Buffer.concat(frames.map((frame) => write(frame, masked)));
          const cuts: number[] = [];
          for (const step of steps) {
            if (cuts.length >= pieces) break;
            // Small steps as often as large ones: a frame's first bytes are where it could go wrong.
            cuts.push((cuts.at(-1) ?? 0) + (cuts.length % 2 === 0 ? step % 7 : step));
          }
          const expected = await listen(bytes, cuts, masked, false);
          expect(await listen(bytes, cuts, masked, true)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(ODD.map((frame, number) => ({ frame, number })))(
    'tells what ws tells of odd frame $number among whole ones, cut anywhere',
    async ({ frame }) => {
      const odd = write(frame, masked);
      const bytes = Buffer.concat([write(text('before'), masked), odd, write(text('after'), masked)]);
      const from = write(text('before'), masked).length;
      const ends = from + odd.length;
      const ways = [
        [],
        [from],
        [ends],
        [from, ends],
        [from + 1],
        [from + 1, ends],
        [from + 2, from + 5, ends],
      ];
      for (const cuts of ways) {
        expect(await listen(bytes, cuts, masked, true)).toEqual(await listen(bytes, cuts, masked, false));
      }
    },
  );

  it('leaves to ws what a stream still holds when it closes, and the first bytes of it', async () => {
    const play = async (fast: boolean): Promise<string[]> => {
      const { stream, heard, socket } = open({ masked, fast });
      const frame = write(text('held back'), masked);
      stream.push(Buffer.from(frame.subarray(0, 1)));
      await settle();
      socket.pause();
      stream.push(Buffer.from(frame.subarray(1)));
      stream.push(write(text('and this'), masked));
      stream.emit('close');
      await settle();
      return heard;
    };
    const heard = await play(true);
    expect(heard).toEqual(await play(false));
    expect(heard).toContain('message false held back');
    expect(heard).toContain('message false and this');
  });

  it('tells what ws tells when each byte comes by itself', async () => {
    const frames = [
      text('one'),
      text('z'.repeat(200)),
      { first: 0x89, payload: Buffer.from('beat') },
      text('two'),
    ];
    const bytes = Buffer.concat(frames.map((frame) => write(frame, masked)));
    const cuts = Array.from(bytes, (_, at) => at);
    const heard = await listen(bytes, cuts, masked, true);
    expect(heard).toEqual(await listen(bytes, cuts, masked, false));
    expect(heard.slice(0, 4)).toEqual([
      'message false one',
      `message false 200 bytes, ${'z'.repeat(20)}`,
      'ping beat',
      'message false two',
    ]);
  });

  it('hands nothing of a whole message to the receiver of ws', async () => {
    const { stream, heard, socket } = open({ masked, fast: true });
    const { _receiver: receiver } = socket as unknown as { _receiver: { write: () => boolean } };
    const received = vi.spyOn(receiver, 'write');
    stream.push(Buffer.concat(['a', 'b', 'c'.repeat(300)].map((value) => write(text(value), masked))));
    await settle();
    expect(heard).toHaveLength(3);
    expect(received).not.toHaveBeenCalled();
    stream.destroy();
  });

  it('tells nothing after a listener has ended the connection', async () => {
    const play = async (fast: boolean): Promise<string[]> => {
      const { stream, heard, socket } = open({ masked, fast });
      socket.once('message', () => socket.close(1000));
      stream.push(Buffer.concat([write(text('last words'), masked), write(text('more'), masked)]));
      await settle();
      stream.push(write({ first: 0x88, payload: Buffer.from([0x03, 0xe8]) }, masked));
      await settle();
      stream.push(write(text('too late'), masked));
      stream.push(null);
      await settle();
      stream.destroy();
      await settle();
      return heard;
    };
    const heard = await play(true);
    expect(heard).toEqual(await play(false));
    expect(heard).not.toContain('message false too late');
  });
});

it('leaves a stream alone that something else reads too', () => {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const socket = createSocket();
  const options = { masked: true, longest: LONGEST };
  expect(readWholeFrames(socket, stream, options)).toBe(false);
  stream.on('data', () => {}).on('data', () => {});
  expect(readWholeFrames(socket, stream, options)).toBe(false);
  expect(stream.listenerCount('data')).toBe(2);
});

describe('over TLS, as every vendor is reached', () => {
  // A key that both know, so that no certificate has to be kept here.
  const psk = Buffer.alloc(16, 7);
  const cipher = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;

  it('either side reads by itself, small messages and those of many records', async () => {
    const heard: string[] = [];
    const taken: boolean[] = [];
    const listen = (name: string, socket: WebSocket, stream: Duplex): void => {
      taken.push(readWholeFrames(socket, stream, { masked: name === 'server', longest: LONGEST }));
      socket.on('message', (data: Buffer) =>
        heard.push(`${name}: ${data.length} ${data.toString('utf8', 0, 5)}`),
      );
    };
    const server = createServer({ ...cipher, pskCallback: () => psk });
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on('connection', (socket, { socket: stream }) => {
      listen('server', socket, stream);
      socket.on('message', (data: Buffer) => {
        socket.send(data.toString());
        if (data.toString() === 'last') socket.close(1000);
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const client = new WebSocket(`ws://127.0.0.1:${port}`, {
      perMessageDeflate: false,
      createConnection: () =>
        connect({
          ...cipher,
          port,
          host: '127.0.0.1',
          pskCallback: () => ({ psk, identity: 'test' }),
          checkServerIdentity: () => undefined,
        }),
    });
    client.on('upgrade', ({ socket }) => client.once('open', () => listen('client', client, socket)));
    await once(client, 'open');
    const large = 'large'.repeat(12_000);
    for (const message of ['first', large, 'last']) client.send(message);
    await once(client, 'close');
    sockets.close();
    server.close();
    const lines = ['5 first', '60000 large', '4 last'];
    expect(taken).toEqual([true, true]);
    for (const name of ['server', 'client']) {
      expect(heard.filter((line) => line.startsWith(name))).toEqual(lines.map((line) => `${name}: ${line}`));
    }
  });
});
