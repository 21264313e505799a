/**
 * @module A stand-in for the OpenAI Realtime API: a real WebSocket server on loopback that keeps to the GA protocol,
 * hears voice in the audio it is sent, and says what a script tells it, in any clock's time.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { OffhookError } from '../../errors.ts';
import { forgetOldest, KEPT } from '../../exchange/forget.ts';
import { silentLogger } from '../../runtime/logger.ts';
import type { Refusal } from './faults.ts';
import {
  type ConnectionRequest,
  type Counters,
  DEFAULT_DELTA_MS,
  DEFAULT_LATENCY,
  DEFAULT_SPEEDUP,
  type StandInOptions,
} from './options.ts';
import { createOutbox } from './outbox.ts';
import type { StandInSession } from './handle.ts';
import { createSession } from './session.ts';

export interface OpenAIStandIn {
  /** Binds. @returns the base URL to give to a client (`http://127.0.0.1:PORT/v1`) and its port. */
  listen(): Promise<{ url: string; port: number }>;
  /** Cuts every connection and stops listening. Idempotent. */
  close(): Promise<void>;
  /** Sessions that were let in, in order; the oldest closed ones go when there are too many. */
  readonly sessions: readonly StandInSession[];
  readonly counters: Readonly<Counters>;
}

const PATH = '/v1/realtime';
// The service takes 15 MiB in one append; base64 and envelope included.
const MAX_PAYLOAD = 16 * 1024 * 1024;
const KEY_REFUSED: Refusal = { status: 401, code: 'invalid_api_key' };

/**
 * Creates a stand-in for the Realtime API.
 * - `GET /v1/realtime?model=…` with a bearer key; 401 for a wrong one.
 * - Voice detection on the caller's audio (mu-law, A-law, PCM16 24 kHz), so a muted caller gets no answer.
 * - Faults per reply, per session and per connection.
 *
 * @throws OffhookError OFFHOOK_OPTION_INVALID for a `speedup` or `deltaMs` that nothing can be paced by.
 * @example
 * const standIn = createOpenAIStandIn({ clock, script: () => scriptOf({ hear: 'Hello?', say: 'Good morning.' }) });
 * const { url } = await standIn.listen();
 */
export function createOpenAIStandIn(options: StandInOptions): OpenAIStandIn {
  checkOptions(options);
  const counters: Counters = {
    connections: 0,
    refused: 0,
    open: 0,
    clientEvents: 0,
    appends: 0,
    responses: 0,
    cancelled: 0,
    errors: 0,
  };
  const sessions: StandInSession[] = [];
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_PAYLOAD });
  const server = createServer((_request, response) => {
    response
      .writeHead(404, { 'content-type': 'application/json' })
      .end(errorBody('not_found', 'Not served here.'));
  });
  server.on('upgrade', (request, socket, head) => {
    counters.connections += 1;
    const asked = readRequest(request, counters.connections);
    const refusal = judge(options, asked, request);
    if (refusal) counters.refused += 1;
    if (refusal && 'status' in refusal) return refuseUpgrade(socket, refusal.status, refusal.code);
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (refusal) turnAway(options, client, refusal, asked.connection);
      else sessions.push(serve(options, client, asked, counters));
      forgetOldest(sessions, options.keepSessions ?? KEPT, ({ closed }) => closed !== undefined);
    });
    return undefined;
  });

  return {
    sessions,
    counters,
    listen: () => listen(server, options),
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      if (!server.listening) return;
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function checkOptions(options: StandInOptions): void {
  const { speedup = DEFAULT_SPEEDUP, deltaMs = DEFAULT_DELTA_MS } = options;
  if (!(speedup > 0))
    throw new OffhookError('OFFHOOK_OPTION_INVALID', `speedup is ${speedup}; it must be above 0.`);
  if (deltaMs.length === 0 || deltaMs.some((ms) => !(ms >= 1) || !Number.isInteger(ms))) {
    throw new OffhookError(
      'OFFHOOK_OPTION_INVALID',
      `deltaMs is [${deltaMs.join(', ')}]; whole ms from 1 are needed.`,
    );
  }
}

async function listen(server: Server, options: StandInOptions): Promise<{ url: string; port: number }> {
  const { host = '127.0.0.1', port = 0 } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(taken ? new OffhookError('OFFHOOK_PORT_IN_USE', `Port ${port} is taken.`, { cause }) : cause);
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return { url: `http://${host}:${bound}/v1`, port: bound };
}

function readRequest(request: IncomingMessage, connection: number): ConnectionRequest {
  const url = new URL(request.url ?? '/', 'http://stand-in');
  return { connection, model: url.searchParams.get('model') ?? '', headers: request.headers };
}

function judge(
  options: StandInOptions,
  asked: ConnectionRequest,
  request: IncomingMessage,
): Refusal | undefined {
  const { authorization } = asked.headers;
  if (new URL(request.url ?? '/', 'http://stand-in').pathname !== PATH)
    return { status: 404, code: 'not_found' };
  if (!authorization?.startsWith('Bearer ')) return KEY_REFUSED;
  if (options.key !== undefined && authorization !== `Bearer ${options.key}`) return KEY_REFUSED;
  const refusal = options.refuse?.(asked);
  if (refusal) return refusal;
  if (asked.model === '') return { status: 400, code: 'missing_model' };
  if (options.models?.includes(asked.model) === false) {
    return { close: 4000, reason: 'invalid_request_error.model_not_found', code: 'model_not_found' };
  }
  return undefined;
}

function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { type: 'invalid_request_error', code, message, param: null } });
}

function refuseUpgrade(socket: Duplex, status: number, code = 'refused'): void {
  const body = errorBody(code, 'The connection was refused.');
  const head = `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function turnAway(options: StandInOptions, client: WebSocket, refusal: Refusal, connection: number): void {
  client.on('error', () => {});
  if (!('close' in refusal)) return;
  const outbox = createOutbox({
    clock: options.clock,
    delayMs: options.latency?.perMessageMs ?? DEFAULT_LATENCY.perMessageMs,
    name: String(connection),
    write: (data, binary) => client.send(data, { binary }),
    count() {},
  });
  const error = {
    type: 'invalid_request_error',
    code: refusal.code ?? null,
    message: 'The session was refused.',
  };
  outbox.send({ type: 'error', error });
  outbox.act(() => client.close(refusal.close, refusal.reason));
  client.on('close', () => outbox.close());
}

function serve(
  options: StandInOptions,
  socket: WebSocket,
  asked: ConnectionRequest,
  counters: Counters,
): StandInSession {
  return createSession({
    ...asked,
    socket,
    counters,
    clock: options.clock,
    script: options.script,
    random: options.random ?? (() => 0.5),
    logger: options.logger ?? silentLogger,
    latency: { ...DEFAULT_LATENCY, ...options.latency },
    speedup: options.speedup ?? DEFAULT_SPEEDUP,
    deltaMs: options.deltaMs ?? DEFAULT_DELTA_MS,
    keepAudio: options.keepAudio ?? false,
    maxSessionMs: options.maxSessionMs,
  });
}
