/**
 * @module The control connection of one number: a WebSocket under the `link` chart. It says hello on every
 * connection, hands each message on by itself, and no message, however broken, costs the link.
 */
import { type Actor, createActor } from 'xstate';
import { WebSocket } from 'ws';
import { OffhookError } from '../../errors.ts';
import {
  createLinkLogic,
  type LinkFact,
  type LinkLogic,
  type LinkRefusal,
} from '../../machines/link/index.ts';
import type { TimerHandle } from '../../runtime/clock.ts';
import type { TransportHost } from '../contract.ts';
import type { ClawopsCounters } from './counters.ts';
import { createLinkSocket } from './link-socket.ts';
import type { ClawopsSettings } from './settings.ts';
import { type ControlFact, readControl } from './wire.ts';

/** `connect()` waits this long for the first success (clawops.md §7). */
const CONNECT_LIMIT = 10_000;

/** A closing handshake takes one round trip; after this the socket is cut. */
const CLOSE_LIMIT = 2_000;

export interface Control {
  /** Resolves when the link is up, at once if it is. Rejects as `Transport.connect` documents. */
  connect(): Promise<void>;
  /** Sends a message if the link is up; false, and counted, if it is not. */
  send(message: string): boolean;
  close(): Promise<void>;
}

export interface ControlOptions {
  readonly settings: ClawopsSettings;
  readonly host: TransportHost;
  readonly counters: ClawopsCounters;
  /** One understood message about calls. May throw: that is counted and the link goes on. */
  receive(fact: ControlFact): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: OffhookError) => void;
  readonly timer: TimerHandle;
}

/** Makes the control side of a transport; nothing is opened before `connect`. */
export function createControl(options: ControlOptions): Control {
  return new ControlConnection(options);
}

class ControlConnection implements Control {
  readonly #options: ControlOptions;
  readonly #waiters = new Set<Waiter>();
  #actor: Actor<LinkLogic> | undefined;
  #socket: WebSocket | undefined;
  #state = 'idle';
  #error: OffhookError | undefined;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  connect(): Promise<void> {
    // Who lost the number to a successor must not take it back; refused credentials may be tried again.
    if (this.#error?.code === 'OFFHOOK_NUMBER_TAKEN') return Promise.reject(this.#error);
    if (this.#isUp()) return Promise.resolve();
    this.#actor ??= this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      resolve,
      reject,
      timer: this.#options.host.clock.setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new OffhookError('OFFHOOK_LINK_TIMEOUT'));
      }, CONNECT_LIMIT),
    };
    this.#waiters.add(waiter);
    if (this.#state === 'idle') this.#actor.send({ type: 'link.connect' });
    return promise;
  }

  send(message: string): boolean {
    const socket = this.#socket;
    if (!this.#isUp() || socket?.readyState !== WebSocket.OPEN) {
      this.#options.counters.dropped += 1;
      return false;
    }
    socket.send(message);
    return true;
  }

  close(): Promise<void> {
    const socket = this.#socket;
    if (this.#actor && this.#state !== 'refused') this.#actor.send({ type: 'link.close' });
    this.#release(new OffhookError('OFFHOOK_CALL_STATE', 'clawops: closed before it was connected.'));
    if (!socket || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const { clock } = this.#options.host;
      const limit = clock.setTimeout(() => socket.terminate(), CLOSE_LIMIT);
      socket.once('close', () => {
        clock.clearTimeout(limit);
        resolve();
      });
    });
  }

  #isUp(): boolean {
    return this.#state === 'open' || this.#state === 'retired';
  }

  #start(): Actor<LinkLogic> {
    const { host, settings } = this.#options;
    this.#error = undefined;
    this.#state = 'idle';
    const logic = createLinkLogic({
      socket: (report) =>
        createLinkSocket({
          settings,
          host,
          opened: (socket) => (this.#socket = socket),
          message: (data, binary, n) => this.#dispatch(data, binary, n, report),
          report,
        }),
    });
    const actor = createActor(logic, { clock: host.clock, input: { jitter: host.random() } });
    actor.subscribe({
      next: (snapshot) => this.#enter(snapshot.value, snapshot.context.refusal),
      error: () => {
        // A failed chart leaves its children running.
        this.#socket?.terminate();
        this.#lose(new OffhookError('OFFHOOK_CHART_FAULT'));
      },
    });
    actor.start();
    return actor;
  }

  /** One message, on its own: whatever goes wrong with it ends with it. */
  #dispatch(data: Buffer, binary: boolean, n: number, report: (fact: LinkFact) => void): void {
    const { counters, host } = this.#options;
    const fact: ControlFact = binary ? { type: 'malformed' } : readControl(data.toString());
    try {
      if (fact.type === 'malformed') {
        counters.malformed += 1;
        host.logger.warn({ bytes: data.length }, 'clawops: a control message could not be read');
      } else if (fact.type === 'unknown') {
        counters.unknown += 1;
      } else if (fact.type === 'retired' || fact.type === 'active') {
        report({ type: fact.type === 'retired' ? 'link.retired' : 'link.active', n });
      } else {
        this.#options.receive(fact);
      }
    } catch (error) {
      counters.faults += 1;
      host.logger.error(
        { fact: fact.type, error: nameOf(error) },
        'clawops: a handler threw; the link goes on',
      );
    }
  }

  #enter(state: string, refusal: LinkRefusal | undefined): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.host.logger.info({ state }, 'clawops: link');
    if (state === 'open') {
      this.#error = undefined;
      for (const waiter of this.#takeWaiters()) waiter.resolve();
    } else if (state === 'retired') {
      this.#tell(errorOf('taken'));
    } else if (state === 'refused') {
      this.#lose(errorOf(refusal));
    } else if (state === 'closed') {
      this.#actor = undefined;
    }
  }

  /** The link is over for good. Whoever waits is told by rejection, else the host; once, retired or refused. */
  #lose(error: OffhookError): void {
    this.#actor = undefined;
    this.#state = 'refused';
    const told = this.#error !== undefined || this.#waiters.size > 0;
    this.#release(error);
    if (!told) this.#tell(error);
    this.#error = error;
  }

  #tell(error: OffhookError): void {
    const { counters, host } = this.#options;
    this.#error = error;
    host.logger.error({ code: error.code }, 'clawops: the link is lost for good');
    try {
      host.linkLost?.(error);
    } catch {
      counters.faults += 1;
    }
  }

  #release(error: OffhookError): void {
    for (const waiter of this.#takeWaiters()) waiter.reject(error);
  }

  #takeWaiters(): readonly Waiter[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) this.#options.host.clock.clearTimeout(waiter.timer);
    return waiters;
  }
}

function errorOf(refusal: LinkRefusal | undefined): OffhookError {
  if (refusal === 'taken') return new OffhookError('OFFHOOK_NUMBER_TAKEN');
  if (refusal === 'number') {
    return new OffhookError('OFFHOOK_AUTH_REFUSED', 'clawops: the number does not belong to this account.');
  }
  return new OffhookError('OFFHOOK_AUTH_REFUSED');
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
