/**
 * @module A Realtime endpoint that does only what a test tells it to, frame by frame, and a context that writes
 * down what a connection reports. For conversations see the stand-in model.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { bytesOf, type Chunk } from '../../src/audio/chunk.ts';
import { openaiRealtime, type OpenAIRealtimeOptions } from '../../src/providers/openai.ts';
import type { SessionContext, SessionFact, SessionWords } from '../../src/providers/contract.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { TOOL } from './openai-harness.ts';

type Json = Record<string, unknown>;

export interface FakeEndpoint {
  readonly baseUrl: string;
  readonly requests: IncomingMessage[];
  readonly received: Json[];
  readonly raw: Buffer[];
  /** The newest socket. */
  readonly socket: WebSocket;
  readonly closes: number[];
  /** Answers `session.update` with `session.updated`; default true. */
  configures: boolean;
  /** Answers the handshake with this HTTP status. */
  status: number | undefined;
  /** Answers pings; default true. */
  pongs: boolean;
  send(...events: (Json | string | Buffer)[]): void;
  stop(): Promise<void>;
}

export async function startFake(): Promise<FakeEndpoint> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, autoPong: false });
  const opened: WebSocket[] = [];
  const fake: FakeEndpoint = {
    baseUrl: '',
    requests: [],
    received: [],
    raw: [],
    closes: [],
    configures: true,
    status: undefined,
    pongs: true,
    get socket() {
      return opened.at(-1)!;
    },
    send(...events) {
      for (const event of events) {
        const frame = typeof event === 'string' || Buffer.isBuffer(event) ? event : JSON.stringify(event);
        fake.socket.send(frame);
      }
    },
    async stop() {
      for (const socket of opened) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('upgrade', (request, socket, head) => {
    fake.requests.push(request);
    if (fake.status !== undefined) {
      socket.end(`HTTP/1.1 ${fake.status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      opened.push(client);
      client.on('error', () => {});
      client.on('ping', (data) => {
        if (fake.pongs) client.pong(data);
      });
      client.on('close', (code) => fake.closes.push(code));
      client.on('message', (data) => {
        fake.raw.push(data as Buffer);
        const event = JSON.parse((data as Buffer).toString()) as Json;
        fake.received.push(event);
        if (event['type'] === 'session.update' && fake.configures) {
          fake.send({ type: 'session.updated', session: event['session'] });
        }
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(fake, { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
}

/** Opens one connection and notes what it reports. */
export function openConnection(
  clock: VirtualClock,
  options: Partial<OpenAIRealtimeOptions>,
  over: Partial<SessionContext> = {},
) {
  const facts: SessionFact[] = [];
  const words: SessionWords[] = [];
  const chunks: Chunk[] = [];
  const release = new AbortController();
  let generations = 0;
  const spec = openaiRealtime({ instructions: 'Be kind.', apiKey: 'sk-test', ...options });
  const connection = spec.open({
    call: {
      id: 'call_1',
      transport: 'test',
      direction: 'inbound',
      from: '1',
      to: '2',
      callerIdRestricted: false,
    },
    connection: 1,
    clock,
    logger: silentLogger,
    signal: release.signal,
    tools: [TOOL],
    history: [],
    words: {
      toolResult: (call) => `result of ${call}`,
      digits: (entry) => `12${entry}`,
      saying: (request) => `line ${request}`,
    },
    takeGeneration: () => (generations += 1),
    fact: (fact) => void facts.push(fact),
    wrote: (entry) => void words.push(entry),
    audio: (chunk) => void chunks.push(chunk),
    ...over,
  });
  return {
    spec,
    connection,
    facts,
    words,
    chunks,
    release,
    types: () => facts.map(({ type }) => type),
    heard: () => Buffer.concat(chunks.map((chunk) => bytesOf(chunk))),
  };
}
