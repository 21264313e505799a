/**
 * @module The chart's ports for work that is done once: screening, the listeners of `call_start`, a tool call, and
 * the limit on a call's length. Each ends within its own deadline and says so with one fact.
 */
import { runTool } from '../../tools/run.ts';
import type { Tool } from '../../tools/define.ts';
import type { ToolOutcome } from '../../tools/outcome.ts';
import type { TimerHandle } from '../clock.ts';
import { nameOf } from '../scope.ts';
import type { OpenPort } from '../switchboard.ts';
import type { CallParts } from './parts.ts';

/** Runs `work` until it settles or `limit` passes; then `done` is called once, as a stimulus. */
function bounded<T>(
  parts: CallParts,
  limit: number,
  work: () => T | Promise<T>,
  done: (result: { value: T } | { error: unknown } | 'late') => void,
): () => void {
  let over = false;
  const end = (result: { value: T } | { error: unknown } | 'late'): void => {
    if (over) return;
    over = true;
    parts.clock.clearTimeout(timer);
    parts.clock.stimulus(() => done(result));
  };
  const timer: TimerHandle = parts.clock.setTimeout(() => end('late'), limit);
  new Promise<T>((resolve) => {
    resolve(work());
  }).then(
    (value) => end({ value }),
    (error: unknown) => end({ error }),
  );
  return () => {
    over = true;
    parts.clock.clearTimeout(timer);
  };
}

/** Resolves once `work` has settled, however it did, at the latest after `limit` ms or with the call's end. */
export function within(parts: CallParts, limit: number, work: () => Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stop = bounded(parts, limit, work, () => {
      release();
      resolve();
    });
    const release = parts.scope.own('bounded wait', () => {
      stop();
      resolve();
    });
  });
}

export interface ScreenVerdict {
  readonly accept: boolean;
  readonly code: string;
}

/** A screen that throws or takes too long lets the caller in: a broken screen must not close the shop. */
export const SCREEN_LIMIT = 3_000;
/** Awaited, so bounded: the greeting waits for it. */
export const START_LIMIT = 5_000;

export function createScreenPort(
  parts: CallParts,
  screen: () => ScreenVerdict | Promise<ScreenVerdict>,
  prepare: () => Promise<void>,
): OpenPort {
  return (_input, tell) => {
    let stop = (): void => {};
    const say = (verdict: ScreenVerdict): void =>
      tell({ type: 'screen.done', ...verdict, policy: parts.policy() });
    stop = bounded(parts, SCREEN_LIMIT, screen, (result) => {
      const failed = result === 'late' || 'error' in result;
      if (failed) {
        parts.counters.screenFailures += 1;
        parts.logger.warn(
          { call: parts.id, why: result === 'late' ? 'late' : nameOf(result.error) },
          'screen failed',
        );
      }
      const verdict = failed ? { accept: true, code: '' } : result.value;
      if (!verdict.accept) return say(verdict);
      // Only a call that is taken gets a session: it may cost money from its first second.
      stop = bounded(parts, START_LIMIT, prepare, () => say(verdict));
      return undefined;
    });
    return { close: () => stop() };
  };
}

export function createStartPort(parts: CallParts, listeners: () => Promise<void>): OpenPort {
  return (_input, tell) => {
    const stop = bounded(parts, START_LIMIT, listeners, (result) => {
      if (result === 'late') parts.logger.warn({ call: parts.id }, 'call_start listeners took over 5 s');
      tell({ type: 'start.done' });
    });
    return { close: stop };
  };
}

/** Counts a call's length, except while the caller is with somebody else. */
export function createLimitPort(parts: CallParts): OpenPort {
  return (input, tell) => {
    let left = Number(input['ms']);
    let since = parts.clock.now();
    let timer: TimerHandle | undefined;
    let reached = false;
    const resume = (): void => {
      if (timer || reached) return;
      since = parts.clock.now();
      timer = parts.clock.setTimeout(() => {
        reached = true;
        tell({ type: 'limit.reached' });
      }, left);
    };
    const pause = (): void => {
      if (!timer) return;
      parts.clock.clearTimeout(timer);
      timer = undefined;
      left = Math.max(0, left - (parts.clock.now() - since));
    };
    resume();
    return {
      order: (order) => (order.type === 'pause' ? pause() : resume()),
      close: pause,
    };
  };
}

export interface ToolHost {
  find(name: string): Tool | undefined;
  /** What `execute` gets as `call`. */
  handle(): unknown;
  say(text: string): void;
  progress(name: string, update: unknown): void;
  finished(call: string, name: string, outcome: ToolOutcome): void;
}

export function createToolPort(parts: CallParts, host: ToolHost): OpenPort {
  return (input, tell) => {
    const call = String(input['tool']);
    const name = String(input['name']);
    const controller = new AbortController();
    let closed = false;
    const finish = (outcome: ToolOutcome): void => {
      // The call is over and taken apart; what a tool still says belongs nowhere.
      if (closed) return;
      parts.clock.stimulus(() => {
        // The result is committed before anything else happens: what was done once is never done again.
        parts.record.finishTool(call, outcome.text, outcome.ok);
        host.finished(call, name, outcome);
        tell({ type: 'tool.done', call, ok: outcome.ok });
      });
    };
    const tool = host.find(name);
    if (!tool) {
      finish({
        ok: false,
        text: JSON.stringify({ error: `There is no tool "${name}".` }),
        code: 'OFFHOOK_TOOL_UNKNOWN',
        durationMs: 0,
      });
      return {};
    }
    void runTool(tool, parts.record.tool(call)?.arguments ?? '', {
      clock: parts.raw,
      signal: controller.signal,
      call: host.handle(),
      say: (text) => host.say(text),
      progress: (update) => host.progress(name, update),
      idempotencyKey: `${parts.id}:${call}`,
      onLate: () => {
        parts.counters.lateTools += 1;
      },
    }).then(finish);
    return {
      order: (order) => {
        if (order.type === 'cancel') controller.abort(order['why' as keyof typeof order]);
      },
      close() {
        closed = true;
        controller.abort('hangup');
      },
    };
  };
}
