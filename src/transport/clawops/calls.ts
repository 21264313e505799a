/**
 * @module The calls of one number, by the platform's id: routes control messages to their lines, ignores what is
 * repeated, and keeps what overtook the answer to an originate until the call has its name.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import { isLoopback } from '../../runtime/address.ts';
import type { CallInfo, DialRequest, Leg, TransportHost } from '../contract.ts';
import type { ClawopsCounters } from './counters.ts';
import { Line } from './leg.ts';
import { platformCode, readCallId, refusalCode, type Rest } from './rest.ts';
import type { ClawopsSettings } from './settings.ts';
import { type ControlFact, writeFailed } from './wire.ts';

/** Events for an id nobody knows are kept this long while a call is being placed (clawops.md §9, 10). */
const HOLD = 2_000;

/** Calls held at once. An agent does not place more in two seconds; a platform gone wrong might name more. */
const MOST_HELD = 256;

/** What every line of a transport shares. */
export interface LineContext {
  readonly host: TransportHost;
  readonly clock: Clock;
  readonly counters: ClawopsCounters;
  readonly rest: Rest;
  send(message: string): boolean;
  /** A fresh id of 32 hex digits. */
  newId(): string;
  /** Places the line's call; the outcome comes by `onPlaced` or `onRefused`, unless it is aborted. */
  originate(line: Line, request: DialRequest): () => void;
  warnInsecure(mediaUrl: string): void;
  released(line: Line): void;
}

/** A message that is about one call. */
type CallFact = Extract<ControlFact, { call: string }>;

interface Held {
  readonly facts: CallFact[];
  readonly timer: TimerHandle;
}

export interface CallsOptions {
  readonly host: TransportHost;
  readonly settings: ClawopsSettings;
  readonly counters: ClawopsCounters;
  readonly rest: Rest;
  send(message: string): boolean;
}

export class Calls implements LineContext {
  readonly host: TransportHost;
  readonly clock: Clock;
  readonly counters: ClawopsCounters;
  readonly rest: Rest;
  readonly #options: CallsOptions;
  readonly #lines = new Map<string, Line>();
  readonly #held = new Map<string, Held>();
  #placing = 0;
  #warned = false;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.host = options.host;
    this.clock = options.host.clock;
    this.counters = options.counters;
    this.rest = options.rest;
  }

  /** One control message. May throw what the host throws. */
  receive(fact: ControlFact): void {
    if (fact.type === 'incoming') this.#ring(fact);
    else if (fact.type === 'transfer') this.#report(fact);
    else if ('call' in fact) this.#route(fact);
  }

  /** A line that will place a call when it is started. */
  dial(request: DialRequest): Leg {
    const info: CallInfo = {
      id: `dial-${this.newId()}`,
      transport: 'clawops',
      direction: 'outbound',
      from: this.#options.settings.number,
      to: request.to,
      callerIdRestricted: false,
    };
    return new Line(this, info, { dial: request });
  }

  /** The control connection is closed on purpose. */
  unlink(): void {
    for (const { timer } of this.#held.values()) this.clock.clearTimeout(timer);
    this.#held.clear();
    for (const line of this.#lines.values()) line.onUnlinked();
  }

  send(message: string): boolean {
    return this.#options.send(message);
  }

  newId(): string {
    let id = '';
    while (id.length < 32) id += Math.floor(this.host.random() * 16).toString(16);
    return id;
  }

  originate(line: Line, request: DialRequest): () => void {
    const body = {
      To: request.to,
      From: this.#options.settings.number,
      Timeout: Math.max(1, Math.round(request.ringTimeout / 1000)),
      ...(request.machineDetection ? { MachineDetection: 'Enable' } : {}),
    };
    this.#placing += 1;
    let over = false;
    const settle = (): void => {
      if (!over) this.#placing -= 1;
      over = true;
    };
    const abort = this.rest.post('/calls', body, (answer) => {
      settle();
      const id = readCallId(answer);
      if (id !== undefined && !this.#lines.has(id)) {
        this.#placed(line, id);
        return;
      }
      const code = refusalCode(answer.status);
      this.host.logger.warn(
        { status: answer.status, code, platform: platformCode(answer) },
        'clawops: the platform did not place a call',
      );
      line.onRefused(code);
    });
    return () => {
      settle();
      abort();
    };
  }

  warnInsecure(mediaUrl: string): void {
    const url = URL.parse(mediaUrl);
    if (
      this.#warned ||
      url?.protocol !== 'ws:' ||
      this.#options.settings.insecure ||
      isLoopback(url.hostname)
    )
      return;
    this.#warned = true;
    this.host.logger.warn(
      { host: url.host },
      'clawops: calls are carried over plain ws://, for anyone to hear',
    );
  }

  released(line: Line): void {
    if (this.#lines.get(line.info.id) === line) this.#lines.delete(line.info.id);
  }

  #placed(line: Line, id: string): void {
    line.onPlaced(id);
    this.#lines.set(id, line);
    const held = this.#held.get(id);
    if (!held) return;
    this.clock.clearTimeout(held.timer);
    this.#held.delete(id);
    for (const fact of held.facts) this.#deliver(line, fact);
  }

  #ring(fact: Extract<ControlFact, { type: 'incoming' }>): void {
    if (this.#lines.has(fact.call)) {
      this.counters.stale += 1;
      return;
    }
    const info: CallInfo = {
      id: fact.call,
      transport: 'clawops',
      direction: 'inbound',
      from: fact.from,
      to: this.#options.settings.number,
      callerIdRestricted: fact.restricted,
    };
    const line = new Line(this, info, { mediaUrl: fact.mediaUrl });
    this.#lines.set(fact.call, line);
    try {
      this.host.incoming(line);
    } catch (error) {
      // Closing says to the platform that nobody takes it; then it is the link's to count.
      line.close();
      throw error;
    }
  }

  #route(fact: CallFact): void {
    const line = this.#lines.get(fact.call);
    if (line) this.#deliver(line, fact);
    else if (this.#placing > 0) this.#hold(fact);
    else this.#refuse(fact);
  }

  #hold(fact: CallFact): void {
    const held = this.#held.get(fact.call);
    if (held) {
      held.facts.push(fact);
      return;
    }
    if (this.#held.size >= MOST_HELD) {
      this.#refuse(fact);
      return;
    }
    const timer = this.clock.setTimeout(() => {
      this.#held.delete(fact.call);
      for (const late of facts) this.#refuse(late);
    }, HOLD);
    const facts = [fact];
    this.#held.set(fact.call, { facts, timer });
  }

  /** A call that is not ours. One that was answered must not be left to listen to nothing. */
  #refuse(fact: CallFact): void {
    this.counters.stale += 1;
    if (fact.type !== 'ready') return;
    this.send(writeFailed(fact.call, 'UnknownOutboundCall', 'this process placed no such call'));
  }

  #deliver(line: Line, fact: CallFact): void {
    if (fact.type === 'ringing') line.onRinging();
    else if (fact.type === 'ready') line.onReady(fact.mediaUrl);
    else if (fact.type === 'ended') line.onEnded(fact.status, fact.durationMs);
  }

  #report(fact: Extract<ControlFact, { type: 'transfer' }>): void {
    const { request, step, reason } = fact;
    let line = this.#lines.get(fact.call);
    if (request !== undefined && !line?.ownsTransfer(request)) {
      line = [...this.#lines.values()].find((other) => other.ownsTransfer(request));
    }
    if (!line?.onTransfer(step, request, reason)) this.counters.stale += 1;
  }
}
