/**
 * @module One port for a network that calls in: its webhooks over HTTP and its media over WebSocket upgrades.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { OffhookError } from '../../errors.ts';
import { trackWork } from '../../runtime/work.ts';

/** Answers HTTP requests: a hono application. `env` holds Node's own request as `incoming`. */
export type Fetch = (
  request: Request,
  env: { readonly incoming?: IncomingMessage },
) => Response | Promise<Response>;

/** Takes over a connection that asks to become a WebSocket, or turns it away. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface WebServer {
  /** The port that is listened on; undefined while none is. */
  readonly port: number | undefined;
  /** @throws OffhookError OFFHOOK_PORT_IN_USE; OFFHOOK_OPTION_INVALID for a port or host that cannot be used here */
  listen(port: number, host: string): Promise<number>;
  /** Stops listening and closes what is HTTP. @param wait also for upgraded connections to be gone */
  close(wait: boolean): Promise<void>;
}

/** Creates the server; it listens once told to. */
export function createWebServer(parts: {
  readonly fetch: Fetch;
  readonly upgrade: Upgrade;
  /** A request could not be answered, through no fault of its sender. */
  readonly failed: (error: unknown) => void;
}): WebServer {
  let listener: ReturnType<typeof loadListener> | undefined;
  const server: Server = createServer((request, response) => {
    // With the first request: it takes as long to load as the rest of a transport, and media does not need it.
    listener ??= loadListener(parts.fetch);
    listener
      .then((listen) => listen(request, response))
      .catch((error: unknown) => {
        parts.failed(error);
        response.destroy();
      });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    parts.upgrade(request, socket, head);
  });
  return {
    get port() {
      const address = server.address();
      return typeof address === 'object' ? address?.port : undefined;
    },
    listen: (port, host) => trackWork(listen(server, port, host)),
    async close(wait) {
      if (!server.listening) return;
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      if (wait) await trackWork(closed);
    },
  };
}

async function loadListener(fetch: Fetch) {
  const { getRequestListener } = await trackWork(import('@hono/node-server'));
  return getRequestListener(
    async (request, env) => {
      const { incoming, outgoing } = env as { incoming: IncomingMessage; outgoing: ServerResponse };
      const response = await fetch(request, { incoming });
      // From here to the last byte a listener may wait on timers of its own, which virtual time does not see.
      if (!outgoing.closed) void trackWork(once(outgoing, 'close'));
      return response;
    },
    { overrideGlobalObjects: false },
  );
}

function listen(server: Server, port: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const fail = (cause: NodeJS.ErrnoException): void => {
    const taken = cause.code === 'EADDRINUSE';
    const message = taken
      ? `port ${port} is taken by another program`
      : `nothing can listen on port ${port} of ${host} (${cause.code ?? cause.name})`;
    reject(new OffhookError(taken ? 'OFFHOOK_PORT_IN_USE' : 'OFFHOOK_OPTION_INVALID', message, { cause }));
  };
  server.once('error', fail);
  server.listen(port, host, () => {
    server.off('error', fail);
    const address = server.address();
    resolve(typeof address === 'object' && address ? address.port : port);
  });
  return promise;
}

/** Accepts WebSockets the way media needs them: no compression, bounded messages. */
export function createSocketDoor(
  maxPayload: number,
): (...args: [...Parameters<Upgrade>, (socket: WebSocket) => void]) => void {
  const door = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload,
  });
  return (request, socket, head, accepted) => door.handleUpgrade(request, socket, head, accepted);
}

const REASONS: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
};

/** Answers a handshake with a refusal and closes the connection. */
export function refuseUpgrade(socket: Duplex, status: 403 | 404 | 503): void {
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
