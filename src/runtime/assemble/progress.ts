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
        break;
      case 'turn.committed':
        turns += 1;
        turnEnded ??= step.at;
        break;
      case 'gen.audio':
        if (answeredAt !== undefined) firstResponseMs ??= step.at - answeredAt;
        if (
          turnEnded !== undefined &&
          context.gens.some((entry) => entry.gen === event.gen && entry.kind === 'reply')
        ) {
          listener.turn({ gen: event.gen, latencyMs: step.at - turnEnded });
          turnEnded = undefined;
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
