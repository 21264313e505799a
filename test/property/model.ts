/**
 * @module A model behind a connection. What it does with the next response is set from outside: answers, calls a tool,
 * says nothing, fails, refuses, stalls in the middle or never replies. It counts what no model would stand for.
 */
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import type { Fact, FakePort, Tell, Timing } from './world.ts';

export type Mood =
  'answer' | 'slow' | 'empty' | 'fail' | 'refuse' | 'stall' | 'silent' | 'tool' | 'hang_up' | 'cancelled';

export interface Model {
  /** What the next response will be like; back to `answer` after it. */
  mood: Mood;
  /** Characters of the caller's next turn; 0 is a false alarm. */
  chars: number;
  /** Whether a connection that is opened becomes ready. */
  opens: boolean;
  /** Whether cancelling is confirmed. */
  confirmsCancel: boolean;
  readonly connected: boolean;
  /** When a response of its own last began to sound. */
  readonly spokeAt: number;
  open(connection: number, tell: Tell, timing: Timing): FakePort;
  /** The caller's voice reaches the connection that is up. */
  voice(on: boolean): void;
  lose(retryable: boolean): void;
}

interface Connection {
  readonly tell: (fact: Fact) => void;
  readonly timing: Timing;
  ready: boolean;
  /** The generation under way, and since when it is to be cancelled. */
  active: { gen: number; own: boolean; cancelledAt: number | undefined } | undefined;
  /** A request that was taken and is not answered yet. */
  taken: { request: number; at: number; silent: boolean } | undefined;
}

/** How long the chart waits before it takes the slot back by force. */
const SLOT_PATIENCE = { cancel: 1_000, request: 20_000 };

export function createModel(
  policy: CallPolicy,
  takeGeneration: () => number,
  broken: (law: string) => void,
): Model {
  let up: Connection | undefined;
  let turns = 0;
  let calls = 0;
  let spokeAt = 0;

  const takeMood = (): Mood => {
    const { mood } = model;
    model.mood = 'answer';
    return mood;
  };

  const end = (at: Connection, gen: number, fact: Fact): void => {
    if (at.active?.gen !== gen) return;
    at.active = undefined;
    at.tell(fact);
  };

  const speak = (at: Connection, mood: Mood, request: number | undefined): void => {
    if (mood === 'silent') return;
    const gen = takeGeneration();
    at.active = { gen, own: request === undefined, cancelledAt: undefined };
    at.taken = undefined;
    at.tell({ type: 'gen.started', gen, ...(request === undefined ? {} : { request }) });
    const { later } = at.timing;
    const done = (audioMs: number, tools: number, reason = 'completed'): void =>
      end(at, gen, { type: 'gen.done', gen, audioMs, tools, reason });
    const pace = mood === 'slow' ? 7_900 : 150;
    if (mood === 'empty') return later(pace, () => done(0, 0));
    if (mood === 'cancelled') return later(pace, () => done(0, 0, 'cancelled'));
    if (mood === 'fail') return later(pace, () => end(at, gen, { type: 'gen.failed', gen, code: 'TEST' }));
    if (mood === 'tool' || mood === 'hang_up') {
      return later(pace, () => {
        if (at.active?.gen !== gen) return;
        const name = mood === 'tool' ? 'book' : 'hang_up';
        at.tell({ type: 'tool.call', gen, call: `c${(calls += 1)}`, name });
        done(0, 1);
      });
    }
    later(pace, () => {
      if (at.active?.gen !== gen || at.active.cancelledAt !== undefined) return;
      spokeAt = at.timing.clock.now();
      at.tell({ type: 'gen.audio', gen });
    });
    if (mood === 'stall') {
      // The watch on the connection reports this.
      return later(pace + 3_000, () => {
        if (at.active?.gen === gen) at.tell({ type: 'gen.stalled', gen });
      });
    }
    return later(pace + 400, () => done(1_500, 0));
  };

  const ask = (at: Connection, request: number): void => {
    const now = at.timing.clock.now();
    if (!at.ready) broken('a request to a connection that is not ready');
    const { active, taken } = at;
    const overdue = active?.cancelledAt !== undefined && now - active.cancelledAt >= SLOT_PATIENCE.cancel;
    if (active && !active.own && !overdue) broken('a request while a response is under way');
    if (taken && !taken.silent) broken('two requests under way');
    const mood = takeMood();
    at.taken = { request, at: now, silent: mood === 'silent' };
    at.timing.later(80, () => {
      if (at.taken?.request !== request) return;
      if (mood === 'refuse' || at.active) {
        at.taken = undefined;
        at.tell({ type: 'gen.failed', request, code: 'busy' });
      } else speak(at, mood, request);
    });
  };

  const cancel = (at: Connection, gen: number): void => {
    if (at.active?.gen !== gen || at.active.cancelledAt !== undefined) return;
    at.active.cancelledAt = at.timing.clock.now();
    const over = (): void =>
      end(at, gen, { type: 'gen.done', gen, audioMs: 0, tools: 0, reason: 'cancelled' });
    at.timing.later(model.confirmsCancel ? 60 : 3_000, over);
  };

  const commit = (at: Connection, after: number): void =>
    at.timing.later(after, () => {
      at.tell({ type: 'turn.committed', turn: `u${(turns += 1)}`, chars: model.chars });
    });

  const model: Model = {
    mood: 'answer',
    chars: 8,
    opens: true,
    confirmsCancel: true,
    get connected() {
      return up?.ready === true;
    },
    get spokeAt() {
      return spokeAt;
    },
    open(connection, tell, timing) {
      const at: Connection = {
        timing,
        ready: false,
        active: undefined,
        taken: undefined,
        tell: (fact) => tell({ ...fact, connection }),
      };
      up = at;
      if (model.opens) {
        timing.later(120, () => {
          at.ready = true;
          at.tell({ type: 'session.ready' });
        });
      }
      return {
        order(order) {
          if (order.type === 'greet' || order.type === 'generate' || order.type === 'say') {
            ask(at, Number(order['request']));
          }
          if (order.type === 'cancel') cancel(at, Number(order['gen']));
          if (order.type === 'commit') commit(at, model.chars === 0 ? 1_000 : 200);
        },
        close() {
          if (up === at) up = undefined;
        },
      };
    },
    voice(on) {
      const at = up;
      if (!at?.ready) return;
      at.tell({ type: on ? 'voice.start' : 'voice.stop' });
      if (policy.turns === 'runtime') return;
      if (on && at.active) {
        // A vendor that takes the turns cancels its own response when the caller speaks.
        const { gen } = at.active;
        at.timing.later(5, () => {
          end(at, gen, { type: 'gen.done', gen, audioMs: 0, tools: 0, reason: 'cancelled' });
        });
      }
      if (on || model.chars === 0) return;
      commit(at, 50);
      at.timing.later(70, () => {
        // A request it never heard of keeps no model from speaking.
        if (!at.active && (!at.taken || at.taken.silent)) speak(at, takeMood(), undefined);
      });
    },
    lose(retryable) {
      const at = up;
      if (!at?.ready) return;
      at.ready = false;
      at.timing.cancelAll();
      at.tell({ type: 'session.lost', code: 'TEST', retryable });
    },
  };
  return model;
}
