/**
 * @module The platform's side of the wire, bare: it answers nothing by itself, so that a test can send every
 * message, in every order, at the moment it wants. For behaviour there is the exchange.
 */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

export type Message = Record<string, unknown> & { event: string };

export interface Peer {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** Every text message, parsed, in order. */
  readonly received: Message[];
  /** Close code seen by the platform. */
  closed: number | undefined;
  send(message: object | string): void;
}

export interface RestCall {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  answer(status: number, body?: object): void;
}

export interface Platform {
  readonly url: string;
  readonly controls: Peer[];
  readonly medias: Peer[];
  readonly requests: RestCall[];
  /** Path and query of every upgrade that was asked for. */
  readonly upgrades: string[];
  /** HTTP status for the next handshakes instead of 101; 0 leaves them without an answer. */
  refuse: { control: number | undefined; media: number | undefined };
  mediaUrl(call: string): string;
  /** The newest control connection. */
  control(): Peer;
  media(): Peer;
  close(): Promise<void>;
}

/** Starts a platform on a free port of the loopback. */
export async function startPlatform(): Promise<Platform> {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const open = new Set<Socket>();
  const server = http.createServer((request, response) =>
    collectRequest(request, response, platform.requests),
  );
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = request.url ?? '';
    platform.upgrades.push(path);
    const isControl = path.includes('/agent/listen');
    const refusal = isControl ? platform.refuse.control : platform.refuse.media;
    if (refusal === 0) return;
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      (isControl ? platform.controls : platform.medias).push(createPeer(accepted, request));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const platform: Platform = {
    url: `http://127.0.0.1:${port}`,
    controls: [],
    medias: [],
    requests: [],
    upgrades: [],
    refuse: { control: undefined, media: undefined },
    mediaUrl: (call) => `ws://127.0.0.1:${port}/v1/agent/media/${call}?token=t-${call}`,
    control: () => newest(platform.controls),
    media: () => newest(platform.medias),
    async close() {
      for (const { socket } of [...platform.controls, ...platform.medias]) socket.terminate();
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return platform;
}

function newest<T>(list: readonly T[]): T {
  const last = list.at(-1);
  if (!last) throw new Error('nothing has connected');
  return last;
}

function createPeer(socket: WebSocket, request: IncomingMessage): Peer {
  const peer: Peer = {
    socket,
    request,
    received: [],
    closed: undefined,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
  };
  socket.on('message', (data: Buffer, binary) => {
    if (binary) throw new Error('the agent sends text only');
    peer.received.push(JSON.parse(data.toString()) as Message);
  });
  socket.on('close', (code) => (peer.closed = code));
  socket.on('error', () => {});
  return peer;
}

function collectRequest(request: IncomingMessage, response: http.ServerResponse, into: RestCall[]): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    into.push({
      path: `${request.method} ${request.url}`,
      headers: request.headers,
      body: JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>,
      answer(status, body = {}) {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      },
    });
  });
}
