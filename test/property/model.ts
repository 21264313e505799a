/**
 * @module A model behind a connection. What it does with the next response is set from outside: answers, calls tools,
 * says nothing, fails, refuses, stalls in the middle or never replies. It counts what no model would stand for.
 */
import { type Chunk, chunkOfBytes } from '../../src/audio/chunk.ts';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import type {
  SessionConnection,
  SessionContext,
  SessionFact,
  SessionOrder,
  SessionSpec,
} from '../../src/providers/contract.ts';
import { createTiming, type Timing } from './timing.ts';

export const MOODS = [
  'answer',
  'long',
  'slow',
  'late',
  'empty',
  'fail',
  'break',
  'refuse',
  'stall',
  'silent',
  'tool',
  'tools',
  'say-and-tool',
  'hang_up',
  'hang_up-and-tool',
  'cancelled',
] as const;
/** One that talks without an end is for the end of a call only: ten minutes of it take their time. */
export type Mood = (typeof MOODS)[number] | 'endless';

export interface Model {
  readonly spec: SessionSpec;
  /** What the next response will be like; back to `answer` after it, unless it stays. */
  mood: Mood;
  stays: boolean;
  /** Characters of the caller's next turn; 0 is a false alarm. */
  chars: number;
  /** Whether a connection that is opened becomes ready. */
  opens: boolean;
  /** Whether cancelling is confirmed. */
  confirms: boolean;
  readonly ready: boolean;
  /** When a response of its own last began to sound. */
  readonly spokeAt: number;
  /** When it last took a turn of the caller's into the conversation, words and all. */
  readonly turnAt: number;
  /** The caller's voice reaches the connection that is up. */
  voice(on: boolean): void;
  /** It speaks without being asked. */
  volunteer(): void;
  /** The caller went on after the last turn was taken. */
  reopen(): void;
  lose(retryable: boolean): void;
}

export interface ModelHost {
  /** A law of the port was broken. */
  broken(law: string): void;
  /** A frame of the caller's arrived. */
  fed(chunk: Chunk): void;
}

interface Connection {
  readonly context: SessionContext;
  readonly timing: Timing;
  ready: boolean;
  /** The generation under way, and since when it is to be cancelled. */
  active: { gen: number; own: boolean; cancelledAt: number | undefined } | undefined;
  /** A request that is not answered yet; one that the model was quicker than will be refused. */
  taken: { request: number; at: number; silent: boolean; overtaken: boolean } | undefined;
}

/** How long the chart waits before it takes the slot back by force. */
const CANCEL_PATIENCE = 1_000;
/** A request reaches the model by then. */
const HEARD_AFTER = 80;
/** Audio comes three times as fast as it plays. */
const PIECE = { ms: 300, every: 100 };
const SILENCE = new Uint8Array(PIECE.ms * 8).fill(0xff);
/** To the first sound. */
const PACE: Partial<Record<Mood, number>> = { slow: 7_900, late: 12_000 };
const TOOLS = {
  tool: ['book'],
  tools: ['book', 'look_up'],
  hang_up: ['hang_up'],
  'hang_up-and-tool': ['hang_up', 'book', 'hang_up'],
};
const LENGTH: Partial<Record<Mood, number>> = { long: 6_000, endless: Infinity };
const NO_GREETING = { enabled: true, text: undefined, interruptible: true };

export function createModel(policy: CallPolicy, host: ModelHost): Model {
  let up: Connection | undefined;
  let turns = 0;
  let calls = 0;
  let spokeAt = 0;
  let turnAt = -1;

  const takeMood = (): Mood => {
    const { mood } = model;
    if (!model.stays) model.mood = 'answer';
    return mood;
  };

  const end = (at: Connection, gen: number, fact: SessionFact): void => {
    if (at.active?.gen !== gen) return;
    at.active = undefined;
    at.context.fact(fact);
  };

  const speak = (at: Connection, mood: Mood, request?: number): void => {
    if (mood === 'silent') return;
    const gen = at.context.takeGeneration();
    at.active = { gen, own: request === undefined, cancelledAt: undefined };
    if (request !== undefined) at.taken = undefined;
    at.context.fact({ type: 'gen.started', gen, ...(request === undefined ? {} : { request }) });
    at.timing.later(PACE[mood] ?? 150, () => respond(at, gen, mood));
  };

  const done = (at: Connection, gen: number, audioMs: number, tools = 0, cancelled = false): void =>
    end(at, gen, { type: 'gen.done', gen, audioMs, tools, reason: cancelled ? 'cancelled' : 'completed' });

  const callTools = (at: Connection, gen: number, names: readonly string[], audioMs?: number): void => {
    for (const name of names) {
      const call = { type: 'tool.call', gen, call: `c${(calls += 1)}`, name } as const;
      at.context.fact(call);
      // Some vendors tell a call twice: as it is complete, and with the whole response.
      at.context.fact(call);
    }
    if (audioMs === undefined) done(at, gen, 0, names.length);
  };

  const respond = (at: Connection, gen: number, mood: Mood): void => {
    if (at.active?.gen !== gen) return undefined;
    switch (mood) {
      case 'empty':
        return done(at, gen, 0);
      case 'cancelled':
        return done(at, gen, 0, 0, true);
      case 'fail':
        return end(at, gen, { type: 'gen.failed', gen, code: 'TEST' });
      case 'tool':
      case 'tools':
      case 'hang_up':
      case 'hang_up-and-tool':
        return callTools(at, gen, TOOLS[mood]);
      default:
        return sound(at, gen, mood, LENGTH[mood] ?? 1_500);
    }
  };

  const sound = (at: Connection, gen: number, mood: Mood, length: number, sent = 0): void => {
    if (at.active?.gen !== gen) return;
    if (sent === 0) {
      // What is being cancelled begins no more; what had begun goes on until the cancel takes effect.
      if (at.active.cancelledAt !== undefined) return;
      spokeAt = at.timing.clock.now();
      at.context.fact({ type: 'gen.audio', gen });
      if (mood === 'say-and-tool') callTools(at, gen, ['look_up'], length);
    }
    at.context.audio(chunkOfBytes(SILENCE, gen));
    const total = sent + PIECE.ms;
    at.timing.later(PIECE.every, () => {
      if (mood === 'stall') return undefined;
      if (mood === 'break') return end(at, gen, { type: 'gen.failed', gen, code: 'TEST' });
      if (total < length) return sound(at, gen, mood, length, total);
      return done(at, gen, total, mood === 'say-and-tool' ? 1 : 0);
    });
  };

  const ask = (at: Connection, request: number): void => {
    const now = at.timing.clock.now();
    if (!at.ready) host.broken('a request to a connection that is not ready');
    const { active, taken } = at;
    const overdue = active?.cancelledAt !== undefined && now - active.cancelledAt >= CANCEL_PATIENCE;
    if (active && !active.own && !overdue) host.broken('a request while a response is under way');
    if (taken && !taken.silent && !taken.overtaken) host.broken('two requests under way');
    const mood = takeMood();
    at.taken = { request, at: now, silent: mood === 'silent', overtaken: false };
    at.timing.later(HEARD_AFTER, () => {
      if (at.taken?.request !== request) return;
      if (mood === 'refuse' || at.active) {
        at.taken = undefined;
        at.context.fact({ type: 'gen.failed', request, code: 'busy' });
      } else speak(at, mood, request);
    });
  };

  const cancel = (at: Connection, gen: number): void => {
    if (at.active?.gen !== gen || at.active.cancelledAt !== undefined) return;
    at.active.cancelledAt = at.timing.clock.now();
    at.timing.later(model.confirms ? 60 : 3_000, () => done(at, gen, 0, 0, true));
  };

  const commit = (at: Connection, after: number): void =>
    at.timing.later(after, () => {
      const { chars } = model;
      if (chars > 0) turnAt = at.timing.clock.now();
      at.context.fact({ type: 'turn.committed', turn: `u${(turns += 1)}`, chars });
    });

  const obey = (at: Connection, order: SessionOrder): void => {
    if (order.type === 'greet' || order.type === 'generate' || order.type === 'say') ask(at, order.request);
    if (order.type === 'cancel') cancel(at, order.gen);
    if (order.type === 'commit') commit(at, model.chars === 0 ? 1_000 : 200);
  };

  /** It begins by itself, unless it is at it already. A request it has not heard of keeps no model from speaking. */
  const begin = (at: Connection): void => {
    const { taken } = at;
    const isOnItsWay = taken && at.timing.clock.now() < taken.at + HEARD_AFTER;
    if (at.active || (taken && !taken.silent && !isOnItsWay)) return;
    if (taken) taken.overtaken = true;
    speak(at, takeMood());
  };

  const open = (context: SessionContext): SessionConnection => {
    const timing = createTiming(context.clock);
    const at: Connection = { context, timing, ready: false, active: undefined, taken: undefined };
    up = at;
    timing.later(120, () => {
      if (!model.opens) return;
      at.ready = true;
      context.fact({ type: 'session.ready' });
    });
    return {
      order: (order) => obey(at, order),
      feed(chunk) {
        if (!at.ready) host.broken('audio to a connection that is not ready');
        host.fed(chunk);
      },
      close() {
        timing.cancelAll();
        if (up === at) up = undefined;
      },
    };
  };

  const model: Model = {
    spec: {
      name: 'random',
      description: { type: 'random', system: 'test', model: 'test', voice: undefined, language: 'en' },
      codec: 'ulaw',
      turns: { by: policy.turns, answerAfter: policy.answerAfter, interruptAfter: policy.interruptAfter },
      greeting: NO_GREETING,
      open,
    },
    mood: 'answer',
    stays: false,
    chars: 8,
    opens: true,
    confirms: true,
    get ready() {
      return up?.ready === true;
    },
    get spokeAt() {
      return spokeAt;
    },
    get turnAt() {
      return turnAt;
    },
    voice(on) {
      const at = up;
      if (!at?.ready) return;
      at.context.fact({ type: on ? 'voice.start' : 'voice.stop' });
      if (policy.turns === 'runtime') return;
      if (on && at.active) {
        // A vendor that takes the turns cancels its own response when the caller speaks.
        const { gen } = at.active;
        at.timing.later(5, () => done(at, gen, 0, 0, true));
      }
      if (on || model.chars === 0) return;
      commit(at, 50);
      at.timing.later(70, () => begin(at));
    },
    volunteer: () => {
      if (up?.ready) begin(up);
    },
    reopen: () => {
      if (up?.ready) up.context.fact({ type: 'turn.reopened', turn: `u${turns}` });
    },
    lose(retryable) {
      const at = up;
      if (!at) return;
      at.ready = false;
      at.timing.cancelAll();
      at.context.fact({ type: 'session.lost', code: 'TEST', retryable });
    },
  };
  return model;
}
