/**
 * @module Follows a call's charts and says what a person would want to know of it: turns and their latency, barge-ins,
 * lost sessions, and the numbers the platform is told at the end.
 */
import type { CallContext, CallEvent, LegOrder } from '../../machines/call/vocabulary.ts';
import type { CallWatcher, ChartStep, StateEntry } from '../switchboard.ts';
import type { BargeInDetails, TurnDetails } from './events.ts';

export interface ProgressListener {
  turn(details: TurnDetails): void;
  bargeIn(details: BargeInDetails): void;
  sessionLost(code: string): void;
  entered(entry: StateEntry): void;
}

export interface Progress {
  readonly watcher: CallWatcher;
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
  let turns = 0;
  let bargeIns = 0;
  let toolCalls = 0;
  let toolErrors = 0;
  let stale = 0;
  let firstResponseMs: number | undefined;
  let answeredAt: number | undefined;
  let answeredBy: 'human' | 'machine' | undefined;
  /** When the caller's last turn ended; cleared once it was answered. */
  let turnEnded: number | undefined;
  let way: TurnWay = {};
  let cutByCaller = false;

  const follow = (step: ChartStep): void => {
    const event = step.event as CallEvent;
    const context = step.after.context as CallContext;
    switch (event.type) {
      case 'leg.answered':
        answeredAt ??= step.at;
        break;
      case 'leg.verdict':
        answeredBy = event.result;
        break;
      case 'voice.stop':
        turnEnded = step.at;
        way = {};
        break;
      case 'turn.committed':
        turns += 1;
        turnEnded ??= step.at;
        way.committed ??= step.at;
        break;
      case 'gen.started':
        way.started ??= step.at;
        way.restarted = step.at;
        break;
      case 'gen.audio':
        if (answeredAt !== undefined) firstResponseMs ??= step.at - answeredAt;
        if (
          turnEnded !== undefined &&
          context.gens.some((entry) => entry.gen === event.gen && entry.kind === 'reply')
        ) {
          listener.turn({
            gen: event.gen,
            latencyMs: step.at - turnEnded,
            budget: spendOf(way, turnEnded, step.at),
          });
          turnEnded = undefined;
          way = {};
        }
        break;
      case 'playout.cut':
        // What was cut before it was heard interrupts nobody.
        if (cutByCaller && event.playedMs > 0) {
          bargeIns += 1;
          listener.bargeIn({ gen: event.gen, heardMs: event.playedMs });
        }
        break;
      case 'tool.done':
        toolCalls += 1;
        if (!event.ok) toolErrors += 1;
        break;
      case 'session.lost':
        listener.sessionLost(event.code);
        break;
      default:
        break;
    }
  };

  return {
    watcher: {
      event(step) {
        if (step.stale !== undefined) stale += 1;
        else if (step.chart === 'call') follow(step);
      },
      order({ order }) {
        const given = order as LegOrder | { type: '' };
        if (given.type === 'flush') cutByCaller = given.by === 'voice';
      },
      entered: (entry) => listener.entered(entry),
    },
    get turns() {
      return turns;
    },
    get bargeIns() {
      return bargeIns;
    },
    get toolCalls() {
      return toolCalls;
    },
    get toolErrors() {
      return toolErrors;
    },
    get stale() {
      return stale;
    },
    get firstResponseMs() {
      return firstResponseMs;
    },
    get answeredAt() {
      return answeredAt;
    },
    get answeredBy() {
      return answeredBy;
    },
  };
}
