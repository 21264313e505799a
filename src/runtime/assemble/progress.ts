/**
 * @module Follows a call's charts and says what a person would want to know of it: turns and their latency, barge-ins,
 * lost sessions, and the numbers the platform is told at the end.
 */
import type { CallContext, CallEvent, LegOrder } from '../../machines/call/vocabulary.ts';
import type { CallWatcher, ChartOrder, ChartStep, StateEntry } from '../switchboard.ts';
import type { BargeInDetails, TurnDetails } from './events.ts';

export interface ProgressListener {
  turn(details: TurnDetails): void;
  bargeIn(details: BargeInDetails): void;
  sessionLost(code: string): void;
  entered(entry: StateEntry): void;
}

/** What was seen so far. As a watcher it follows the charts. */
export interface Progress extends CallWatcher {
  readonly turns: number;
  readonly bargeIns: number;
  readonly toolCalls: number;
  readonly toolErrors: number;
  readonly stale: number;
  /** First audio of the agent after the answer, in ms; undefined while there was none. */
  readonly firstResponseMs: number | undefined;
  readonly answeredAt: number | undefined;
  readonly answeredBy: 'human' | 'machine' | undefined;
}

/** Moments on the way from the end of a turn to its answer. */
interface TurnWay {
  committed?: number;
  /** First reply to it, and the last: with tools between them there are several. */
  started?: number;
  restarted?: number;
}

/** Cuts the way into consecutive pieces, so that they add up to the whole whatever came late or not at all. */
function spendOf(way: TurnWay, from: number, to: number): TurnDetails['budget'] {
  const within = (at: number | undefined, floor: number): number =>
    Math.min(Math.max(at ?? floor, floor), to);
  const committed = within(way.committed, from);
  const started = within(way.started, committed);
  const restarted = within(way.restarted, started);
  return {
    endpointing: committed - from,
    queue: started - committed,
    tools: restarted - started,
    firstAudio: to - restarted,
  };
}

export function createProgress(listener: ProgressListener): Progress {
  return new CallProgress(listener);
}

class CallProgress implements Progress {
  readonly #listener: ProgressListener;
  turns = 0;
  bargeIns = 0;
  toolCalls = 0;
  toolErrors = 0;
  stale = 0;
  firstResponseMs: number | undefined;
  answeredAt: number | undefined;
  answeredBy: 'human' | 'machine' | undefined;
  /** When the caller's last turn ended; cleared once it was answered. */
  #turnEnded: number | undefined;
  #way: TurnWay = {};
  #cutByCaller = false;

  constructor(listener: ProgressListener) {
    this.#listener = listener;
  }

  event(step: ChartStep): void {
    if (step.stale !== undefined) this.stale += 1;
    else if (step.chart === 'call') this.#follow(step);
  }

  order({ order }: ChartOrder): void {
    const given = order as LegOrder | { type: '' };
    if (given.type === 'flush') this.#cutByCaller = given.by === 'voice';
  }

  entered(entry: StateEntry): void {
    this.#listener.entered(entry);
  }

  #follow({ at, event: seen, after }: ChartStep): void {
    const event = seen as CallEvent;
    switch (event.type) {
      case 'leg.answered':
        this.answeredAt ??= at;
        break;
      case 'leg.verdict':
        this.answeredBy = event.result;
        break;
      case 'voice.stop':
        this.#turnEnded = at;
        this.#way = {};
        break;
      case 'turn.committed':
        this.turns += 1;
        this.#turnEnded ??= at;
        this.#way.committed ??= at;
        break;
      case 'gen.started':
        this.#way.started ??= at;
        this.#way.restarted = at;
        break;
      case 'gen.audio':
        if (this.answeredAt !== undefined) this.firstResponseMs ??= at - this.answeredAt;
        this.#answer(event.gen, at, after.context as CallContext);
        break;
      case 'playout.cut':
        // What was cut before it was heard interrupts nobody.
        if (this.#cutByCaller && event.playedMs > 0) {
          this.bargeIns += 1;
          this.#listener.bargeIn({ gen: event.gen, heardMs: event.playedMs });
        }
        break;
      case 'tool.done':
        this.toolCalls += 1;
        if (!event.ok) this.toolErrors += 1;
        break;
      case 'session.lost':
        this.#listener.sessionLost(event.code);
        break;
      default:
        break;
    }
  }

  /** A generation begins to sound: where it is the reply to a turn, the turn is answered. */
  #answer(gen: number, at: number, { gens }: CallContext): void {
    const ended = this.#turnEnded;
    if (ended === undefined || !gens.some((entry) => entry.gen === gen && entry.kind === 'reply')) return;
    this.#listener.turn({ gen, latencyMs: at - ended, budget: spendOf(this.#way, ended, at) });
    this.#turnEnded = undefined;
    this.#way = {};
  }
}
