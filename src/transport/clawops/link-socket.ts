/**
 * @module The socket under the `link` chart: one WebSocket per attempt, its outcome reported with the attempt's
 * number. It decides nothing; whether and when to come back is the chart's.
 */
import { WebSocket } from 'ws';
import type { LinkFact, LinkSocket } from '../../machines/link/index.ts';
import type { TransportHost } from '../contract.ts';
import { createKeepalive } from './keepalive.ts';
import { type ClawopsSettings, MAX_PAYLOAD, SDK_VERSION } from './settings.ts';
import { writeHello } from './wire.ts';

export interface LinkSocketOptions {
  readonly settings: ClawopsSettings;
  readonly host: TransportHost;
  /** A connection attempt has a socket now. */
  opened(socket: WebSocket): void;
  message(data: Buffer, binary: boolean, n: number): void;
  report(fact: LinkFact): void;
}

/** What the platform is told about this process (clawops.md §2.4). */
function describeSdk(handover: boolean): Readonly<Record<string, unknown>> {
  return {
    name: 'offhook',
    version: SDK_VERSION,
    runtime: `node/${process.versions.node}`,
    os: `${process.platform}/${process.arch}`,
    ...(handover ? { capabilities: ['retire'] } : {}),
  };
}

/** Makes the socket port of one link. A socket that was given up reports nothing more. */
export function createLinkSocket(options: LinkSocketOptions): LinkSocket {
  let current: WebSocket | undefined;
  const close = (): void => {
    const socket = current;
    current = undefined;
    if (socket?.readyState === WebSocket.OPEN) socket.close(1000);
    else socket?.terminate();
  };
  return {
    connect(n) {
      const socket = openSocket(options.settings);
      current = socket;
      attach(socket, n, options, () => current === socket);
      options.opened(socket);
    },
    close,
    dispose: close,
  };
}

function openSocket(settings: ClawopsSettings): WebSocket {
  return new WebSocket(settings.controlUrl, {
    headers: { authorization: `Bearer ${settings.apiKey}` },
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD,
  });
}

function attach(socket: WebSocket, n: number, options: LinkSocketOptions, isCurrent: () => boolean): void {
  const { host, settings } = options;
  let httpStatus: number | undefined;
  socket.on('unexpected-response', (_request, response) => {
    httpStatus = response.statusCode;
    response.resume();
    socket.terminate();
  });
  socket.on('error', (error) => {
    host.logger.debug({ error: error.name, httpStatus }, 'clawops: control socket');
  });
  socket.on('open', () => {
    const keepalive = createKeepalive(socket, host.clock);
    socket.on('message', (data, binary) => {
      keepalive.heard();
      if (isCurrent() && Buffer.isBuffer(data)) options.message(data, binary, n);
    });
    socket.on('close', () => keepalive.stop());
    socket.send(writeHello(describeSdk(settings.handover)));
    if (isCurrent()) options.report({ type: 'link.open', n });
  });
  socket.on('close', (code) => {
    if (!isCurrent()) return;
    const status = httpStatus === undefined ? {} : { httpStatus };
    options.report({ type: 'link.down', n, jitter: host.random(), code, ...status });
  });
}
