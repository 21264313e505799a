/**
 * @module A bare client of the exchange for its own tests: two WebSockets and nothing else.
 * It keeps every message with the virtual time it came at, so that tests can speak of order and pace.
 */
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { createExchange, type Exchange, type ExchangeOptions } from '../../src/exchange/index.ts';
import { WebSocket } from 'ws';

export interface Received {
  readonly at: number;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Client {
  readonly socket: WebSocket;
  readonly received: Received[];
  /** Close code once closed. */
  closed: { at: number; code: number } | undefined;
  /** HTTP status of a refused handshake. */
  refused: { status: number; contentType: string | undefined; body: string } | undefined;
  send(message: object | string | Uint8Array): void;
  of(event: string): Received[];
}

/** Opens a socket; it is up after the clock has settled. */
export function openClient(clock: VirtualClock, url: string, headers: Record<string, string> = {}): Client {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const client: Client = {
    socket,
    received: [],
    closed: undefined,
    refused: undefined,
    send: (message) =>
      socket.send(
        typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message),
      ),
    of: (event) => client.received.filter((message) => message.event === event),
  };
  socket.on('message', (data) => {
    client.received.push({
      at: clock.now(),
      ...(JSON.parse((data as Buffer).toString()) as { event: string }),
    });
  });
  socket.on('close', (code) => (client.closed = { at: clock.now(), code }));
  socket.on('error', () => {});
  socket.on('unexpected-response', (request, response) => {
    let body = '';
    response.on('data', (part: Buffer) => (body += part.toString()));
    response.on('end', () => {
      client.refused = {
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'],
        body,
      };
      request.destroy();
    });
  });
  return client;
}

/** A seeded source of chance, the same in every run. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

export interface Bench {
  readonly clock: VirtualClock;
  readonly exchange: Exchange;
  readonly url: string;
  readonly wsUrl: string;
  control(options?: { number?: string; key?: string; account?: string; query?: string }): Promise<Client>;
  media(url: string, headers?: Record<string, string>): Promise<Client>;
  /** Dials, accepts and opens media as an agent would. */
  answer(control: Client, index?: number): Promise<Client>;
  close(): Promise<void>;
}

/** An exchange in virtual time and the means to be its agent. */
export async function openBench(options: Partial<ExchangeOptions> = {}): Promise<Bench> {
  const clock = createVirtualClock();
  const exchange = createExchange({ clock, random: seededRandom(), ...options });
  const { url } = await exchange.listen();
  const wsUrl = url.replace('http', 'ws');
  const clients: Client[] = [];
  const open = async (address: string, headers?: Record<string, string>): Promise<Client> => {
    const client = openClient(clock, address, headers);
    clients.push(client);
    await clock.run(0);
    return client;
  };
  return {
    clock,
    exchange,
    url,
    wsUrl,
    control: ({ number = '07012341234', key = 'sk_test_local', account = 'AC_local', query = '' } = {}) =>
      open(`${wsUrl}/v1/accounts/${account}/agent/listen?number=${encodeURIComponent(number)}${query}`, {
        authorization: `Bearer ${key}`,
      }),
    media: (address, headers) => open(address, headers),
    async answer(control, index = 0) {
      await clock.run(10);
      const offer = [...control.of('call.incoming'), ...control.of('call.outbound_ready')][index]!;
      control.send({ event: 'call.accept', callId: offer.callId });
      return open(offer.mediaUrl as string);
    },
    async close() {
      for (const client of clients) client.socket.terminate();
      await exchange.close();
    },
  };
}

/** Loud mu-law, `ms` long; the byte tells one speaker from another. */
export const tone = (ms: number, code = 0x10): Uint8Array => new Uint8Array(ms * 8).fill(code);

export const hush = (ms: number): Uint8Array => new Uint8Array(ms * 8).fill(0xff);

/** The wire's media message for some audio. */
export const mediaOf = (audio: Uint8Array): object => ({
  event: 'media',
  media: { payload: Buffer.from(audio).toString('base64') },
});

/** What the caller sent, as the agent received it. */
export function audioOf(media: Client): Buffer {
  return Buffer.concat(
    media.of('media').map((message) => Buffer.from((message.media as { payload: string }).payload, 'base64')),
  );
}
