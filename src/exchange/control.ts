/**
 * @module The control connections (clawops.md 2): one for each number, the newest wins and the older one is closed
 * with 4409. Messages are handed on; what cannot be read is counted and survived.
 */
import type { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { DelayLine } from './delay-line.ts';
import { bufferOf, isObject, parseObject } from './envelope.ts';
import type { Counters } from './media.ts';

/** Close code: another process took this number over. */
export const TAKEN_OVER = 4409;
/** How often the platform pings; the Node SDK drops a control connection after 60 s without a ping. */
const PING_EVERY_MS = 30_000;

export interface ControlLink {
  readonly socket: WebSocket;
  readonly number: string;
  readonly account: string;
  /** The address the agent reached the exchange at; media URLs repeat it. */
  readonly host: string;
  readonly open: boolean;
  /** The client understands `agent.retired`. */
  retires: boolean;
  send(message: object): void;
  raw(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

export interface Switchboard {
  /** Takes over an accepted control socket. A retiring client may connect, but gets no calls. */
  adopt(socket: WebSocket, who: { number: string; account: string; host: string; retiring: boolean }): void;
  find(number: string): ControlLink | undefined;
  sockets(): ReadonlySet<WebSocket>;
}

function declaresRetire(hello: Record<string, unknown>): boolean {
  const sdk = isObject(hello.sdk) ? hello.sdk : {};
  return [hello.capabilities, sdk.capabilities].some(
    (list) => Array.isArray(list) && list.includes('retire'),
  );
}

/** Pings a socket until it closes. */
function keepAlive(socket: WebSocket, clock: Clock): void {
  let timer: TimerHandle | undefined;
  const arm = (): void => {
    timer = clock.setTimeout(() => {
      socket.ping();
      arm();
    }, PING_EVERY_MS);
  };
  arm();
  socket.once('close', () => clock.clearTimeout(timer));
}

/** Creates the table of control connections. */
export function createSwitchboard(parts: {
  readonly clock: Clock;
  readonly wire: DelayLine;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly takeover: 'close' | 'retire';
  /** One message of an agent, as JSON parsed it. */
  readonly receive: (message: Record<string, unknown>, link: ControlLink) => void;
  readonly changed: (number: string, state: 'connected' | 'closed', code?: number) => void;
}): Switchboard {
  const { wire, logger, counters } = parts;
  const slots = new Map<string, ControlLink>();
  const sockets = new Set<WebSocket>();

  const createLink = (
    socket: WebSocket,
    who: { number: string; account: string; host: string },
  ): ControlLink => ({
    socket,
    number: who.number,
    account: who.account,
    retires: false,
    host: who.host,
    get open() {
      return socket.readyState === socket.OPEN;
    },
    send: (message) => wire.send(socket, JSON.stringify(message)),
    raw: (data) => wire.send(socket, data),
    close: (code, reason) => wire.after(() => socket.close(code, reason)),
  });

  const receive = (link: ControlLink, data: Buffer, binary: boolean): void => {
    const message = binary ? undefined : parseObject(data.toString('utf8'));
    if (message && typeof message.event === 'string') {
      if (message.event === 'agent.hello') link.retires = declaresRetire(message);
      return parts.receive(message, link);
    }
    counters.malformed += 1;
    logger.warn({ bytes: data.length }, 'unreadable message on a control socket');
  };

  const displace = (older: ControlLink): void => {
    if (parts.takeover === 'retire' && older.retires)
      older.send({ event: 'agent.retired', reason: 'taken_over' });
    else older.close(TAKEN_OVER, 'taken over by a newer connection');
  };

  return {
    adopt(socket, who) {
      const link = createLink(socket, who);
      sockets.add(socket);
      keepAlive(socket, parts.clock);
      socket.on('message', (data, binary) => receive(link, bufferOf(data), binary));
      socket.on('error', (error) => logger.warn({ error: error.name }, 'control socket failed'));
      socket.on('close', (code) => {
        sockets.delete(socket);
        if (slots.get(who.number) === link) slots.delete(who.number);
        parts.changed(who.number, 'closed', code);
      });
      if (!who.retiring) {
        const older = slots.get(who.number);
        slots.set(who.number, link);
        if (older) displace(older);
      }
      parts.changed(who.number, 'connected');
    },
    find: (number) => slots.get(number),
    sockets: () => sockets,
  };
}
