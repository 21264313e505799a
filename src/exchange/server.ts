/**
 * @module The one port of the exchange: REST over HTTP, and the two WebSocket paths by upgrade.
 * A handshake is answered with a status and a JSON body when it is turned away.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import { OffhookError } from '../errors.ts';
import { trackWork } from '../runtime/work.ts';
import type { LiveCall } from './call.ts';
import type { Switchboard } from './control.ts';
import { normaliseNumber } from './numbers.ts';
import type { Office } from './office.ts';
import { decodePath } from './originate.ts';

/** Largest WebSocket message taken, the clients' own limit (clawops.md 2.1). */
const MAX_MESSAGE_BYTES = 4 << 20;

export interface ExchangeServer {
  listen(port: number, host: string): Promise<number>;
  /** Closes every socket with 1001 (going away) and stops listening. */
  close(): Promise<void>;
}

interface Refused {
  readonly status: number;
  readonly error: string;
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function turnAway(socket: Duplex, { status, error }: Refused): void {
  const body = JSON.stringify({ error });
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Refused'}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Checks a control handshake: the key, the account of the path, then the number. */
function admitControl(
  office: Office,
  request: IncomingMessage,
  url: URL,
  accountInPath: string,
): Refused | { account: string; number: string } {
  if (office.faults.refuseControl) return { status: office.faults.refuseControl, error: 'refused' };
  const key = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const account = office.accounts.find((known) => known.key === key);
  if (!account) return { status: 401, error: 'the key is not valid' };
  if (account.id !== accountInPath) return { status: 403, error: 'the key is not for this account' };
  const number = normaliseNumber(url.searchParams.get('number') ?? '');
  const owner = office.numbers.get(number);
  if (owner === undefined) return { status: 404, error: 'no such number' };
  if (owner !== account.id) return { status: 403, error: 'the number belongs to another account' };
  return { account: account.id, number };
}

/** Checks a media handshake; the token is all it takes, and it is used up here. */
function admitMedia(office: Office, call: LiveCall | undefined, url: URL): Refused | LiveCall {
  if (office.faults.refuseMedia) return { status: office.faults.refuseMedia, error: 'refused' };
  if (!call) return { status: 404, error: 'no such call' };
  return call.redeem(url.searchParams.get('token') ?? '')
    ? call
    : { status: 401, error: 'the token is not valid' };
}

/** Creates the server; it listens once told to. */
export function createExchangeServer(parts: {
  readonly office: Office;
  readonly app: { fetch(request: Request, env: object): Response | Promise<Response> };
  readonly switchboard: Switchboard;
  readonly findCall: (id: string) => LiveCall | undefined;
}): ExchangeServer {
  const { office, switchboard } = parts;
  const listener = getRequestListener((request, env) => parts.app.fetch(request, env), {
    overrideGlobalObjects: false,
  });
  const server: Server = createServer((request, response) => void listener(request, response));
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  const media = new Set<WebSocket>();

  const upgradeControl = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    url: URL,
    path: string,
  ): void => {
    const admitted = admitControl(office, request, url, path);
    if ('status' in admitted) return turnAway(socket, admitted);
    const host = request.headers.host ?? '127.0.0.1';
    const retiring = url.searchParams.get('role') === 'retiring';
    sockets.handleUpgrade(request, socket, head, (ws) =>
      switchboard.adopt(ws, { ...admitted, host, retiring }),
    );
  };
  const upgradeMedia = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    url: URL,
    id: string,
  ): void => {
    const admitted = admitMedia(office, parts.findCall(id), url);
    if ('status' in admitted) return turnAway(socket, admitted);
    sockets.handleUpgrade(request, socket, head, (ws) => {
      media.add(ws);
      ws.on('close', () => media.delete(ws));
      admitted.attach(ws);
    });
  };

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const url = URL.parse(request.url ?? '/', 'http://exchange');
    if (!url) return turnAway(socket, { status: 404, error: 'no such path' });
    const control = /^\/v1\/accounts\/([^/]+)\/agent\/listen$/.exec(url.pathname);
    const call = /^\/v1\/agent\/media\/([^/]+)$/.exec(url.pathname);
    if (control) upgradeControl(request, socket, head, url, decodePath(control[1]!));
    else if (call) upgradeMedia(request, socket, head, url, call[1]!);
    else turnAway(socket, { status: 404, error: 'no such path' });
  });

  const shut = async (): Promise<void> => {
    for (const ws of [...switchboard.sockets(), ...media]) ws.close(1001, 'the exchange is closing');
    // Two turns let the close frames out; a peer that has stopped reading is not waited for.
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const ws of [...switchboard.sockets(), ...media]) ws.terminate();
    server.closeAllConnections();
    await closed;
  };

  return {
    listen: (port, host) =>
      trackWork(
        new Promise((resolve, reject) => {
          server.once('error', (cause: NodeJS.ErrnoException) => {
            if (cause.code !== 'EADDRINUSE') return reject(cause);
            reject(
              new OffhookError('OFFHOOK_PORT_IN_USE', `port ${port} is taken by another program`, { cause }),
            );
          });
          server.listen(port, host, () => {
            const address = server.address();
            resolve(typeof address === 'object' && address ? address.port : port);
          });
        }),
      ),
    close: async () => {
      if (server.listening) await trackWork(shut());
    },
  };
}
