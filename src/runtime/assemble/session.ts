/**
 * @module The session chart's port `connection`: opens the call's recipe, stamps its facts, and watches for a
 * provider that goes quiet in the middle of a sentence.
 */
import type { EventObject } from 'xstate';
import type { Chunk } from '../../audio/chunk.ts';
import { createVoiceDetector } from '../../audio/vad.ts';
import { OffhookError } from '../../errors.ts';
import type {
  HistoryItem,
  SessionConnection,
  SessionContext,
  SessionFact,
  SessionOrder,
  SessionSpec,
  ToolSchema,
} from '../../providers/contract.ts';
import type { TimerHandle } from '../clock.ts';
import { nameOf } from '../scope.ts';
import type { OpenPort, Port, Tell } from '../switchboard.ts';
import type { CallParts } from './parts.ts';

export interface SessionOptions {
  readonly tools: readonly ToolSchema[];
  /** The agent's voice, to the line. */
  speak(chunk: Chunk): void;
  /** Who takes the caller's audio from now on. */
  listen(feed: ((chunk: Chunk) => void) | undefined): void;
  fact(fact: SessionFact): void;
}

/** Whether a session recipe is one: what a program's function gave may be anything. */
function isSessionSpec(value: unknown): value is SessionSpec {
  const spec = value as Partial<SessionSpec> | null | undefined;
  return typeof spec?.open === 'function' && [spec.turns, spec.greeting, spec.description].every(isObject);
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Asks the program for the call's recipe and loads what it needs. Undefined, and logged, if there is none to be had. */
export async function makeSession(
  parts: CallParts,
  recipe: () => Promise<unknown>,
): Promise<SessionSpec | undefined> {
  try {
    const spec = await recipe();
    if (!isSessionSpec(spec)) {
      throw new OffhookError('OFFHOOK_OPTION_INVALID', 'The option "session" gave no session.');
    }
    const line = parts.leg.can.codec;
    if (spec.codec !== line) {
      // Each law is noise at full volume in the other.
      const rule = `The session speaks ${spec.codec}; the transport "${parts.info.transport}" carries ${line}.`;
      throw new OffhookError('OFFHOOK_OPTION_INVALID', rule);
    }
    await spec.prepare?.();
    return spec;
  } catch (error) {
    const { id, logger } = parts;
    const fields = {
      call: id,
      code: 'OFFHOOK_SESSION_FAILED',
      error: nameOf(error),
      // Ours name the option and the rule; what others threw may hold anything.
      ...(error instanceof OffhookError ? { reason: error.message } : {}),
    };
    logger.error(fields, 'no session could be made');
    return undefined;
  }
}

/** A provider that has begun to speak sends something every few hundred ms; three seconds are a stall. */
const STALLED_AFTER = 3_000;

export function createSessionPort(parts: CallParts, options: SessionOptions): OpenPort {
  return (input, tell) => {
    const number = Number(input['connection']);
    const spec = parts.spec();
    if (spec) return new SessionPort(parts, options, spec, number, tell);
    tell({ type: 'session.lost', code: 'OFFHOOK_SESSION_FAILED', retryable: false, connection: number });
    return {};
  };
}

/** What a connection may take of its call. Its functions need no `this`, so a provider may take them apart. */
class Surroundings implements SessionContext {
  readonly call: SessionContext['call'];
  readonly connection: number;
  readonly clock: SessionContext['clock'];
  readonly logger: SessionContext['logger'];
  readonly signal: AbortSignal;
  readonly tools: readonly ToolSchema[];
  readonly words: SessionContext['words'];
  readonly takeGeneration: () => number;
  readonly wrote: SessionContext['wrote'];
  readonly fact: SessionContext['fact'];
  readonly audio: SessionContext['audio'];
  readonly #record: CallParts['record'];

  constructor(
    parts: CallParts,
    own: Pick<SessionContext, 'connection' | 'signal' | 'tools' | 'fact' | 'audio'>,
  ) {
    const { record } = parts;
    this.call = parts.info;
    this.connection = own.connection;
    this.clock = parts.raw;
    this.logger = parts.logger;
    this.signal = own.signal;
    this.tools = own.tools;
    this.words = record;
    this.takeGeneration = () => parts.takeGeneration();
    this.wrote = (words) => record.wrote(words);
    this.fact = own.fact;
    this.audio = own.audio;
    this.#record = record;
  }

  /** Read when the connection can take it: what happens while it opens belongs to it. */
  get history(): readonly HistoryItem[] {
    return this.#record.history();
  }
}

class SessionPort implements Port {
  readonly #parts: CallParts;
  readonly #options: SessionOptions;
  readonly #number: number;
  readonly #tell: Tell;
  readonly #watch: StallWatch;
  readonly #controller = new AbortController();
  readonly #connection: SessionConnection;
  readonly #detect: ((chunk: Chunk) => void) | undefined;
  readonly #release: () => void;
  #closed = false;

  constructor(parts: CallParts, options: SessionOptions, spec: SessionSpec, number: number, tell: Tell) {
    this.#parts = parts;
    this.#options = options;
    this.#number = number;
    this.#tell = tell;
    this.#watch = new StallWatch(parts, (gen) => tell({ type: 'gen.stalled', gen, connection: number }));
    this.#connection = spec.open(
      new Surroundings(parts, {
        connection: number,
        signal: this.#controller.signal,
        tools: options.tools,
        fact: (fact) => this.#fact(fact),
        audio: (chunk) => {
          if (this.#closed) return;
          this.#watch.audio();
          options.speak(chunk);
        },
      }),
    );
    this.#detect = createDetector(spec, (type) =>
      parts.clock.stimulus(() => tell({ type, connection: number })),
    );
    options.listen((chunk) => this.#feed(chunk));
    this.#release = parts.scope.own(`session #${number}`, () => this.#close());
  }

  order(given: EventObject): void {
    const order = given as SessionOrder;
    if (order.type === 'digits') this.#parts.record.bindDigits(order.entry);
    this.#connection.order(order);
  }

  close(): void {
    this.#release();
  }

  #fact(fact: SessionFact): void {
    if (this.#closed) return;
    this.#watch.heard(fact);
    this.#parts.clock.stimulus(() => {
      this.#tell({ ...fact, connection: this.#number });
      this.#options.fact(fact);
    });
  }

  #feed(chunk: Chunk): void {
    this.#detect?.(chunk);
    try {
      this.#connection.feed(chunk);
    } catch (error) {
      // Once is enough: the next frame comes in 20 ms, and would end the same way.
      this.#options.listen(undefined);
      this.#parts.logger.error({ call: this.#parts.id, error: nameOf(error) }, 'a session cannot be fed');
      this.#tell({
        type: 'session.lost',
        code: 'OFFHOOK_SESSION_FAILED',
        retryable: false,
        connection: this.#number,
      });
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.listen(undefined);
    this.#watch.stop();
    this.#controller.abort();
    try {
      this.#connection.close();
    } catch (error) {
      this.#parts.logger.error(
        { call: this.#parts.id, error: nameOf(error) },
        'a session did not close cleanly',
      );
    }
  }
}

/** Hears the caller for a session that does not: edges go to the chart, levels nowhere. */
function createDetector(
  spec: SessionSpec,
  edge: (type: 'voice.start' | 'voice.stop') => void,
): ((chunk: Chunk) => void) | undefined {
  if (spec.detectsVoice ?? true) return undefined;
  const detector = createVoiceDetector({ codec: spec.codec });
  return (chunk) => {
    const change = detector.push(chunk);
    if (change !== undefined) edge(`voice.${change}`);
  };
}

/** One timer while something is being spoken; a chunk only notes the time. */
class StallWatch {
  readonly #parts: CallParts;
  readonly #stalled: (gen: number) => void;
  /** Generations that have begun to sound and are not done. */
  #speaking: number[] = [];
  #last = 0;
  #timer: TimerHandle | undefined;

  constructor(parts: CallParts, stalled: (gen: number) => void) {
    this.#parts = parts;
    this.#stalled = stalled;
  }

  heard(fact: SessionFact): void {
    this.#last = this.#parts.raw.now();
    if (fact.type === 'gen.audio' && !this.#speaking.includes(fact.gen)) this.#speaking.push(fact.gen);
    if (fact.type === 'gen.done' || fact.type === 'gen.failed') {
      this.#speaking = this.#speaking.filter((gen) => gen !== fact.gen);
    }
    this.#look();
  }

  audio(): void {
    this.#last = this.#parts.raw.now();
  }

  stop(): void {
    this.#speaking = [];
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#timer || this.#speaking.length === 0) return;
    const { clock, raw } = this.#parts;
    this.#timer = clock.setTimeout(() => this.#expire(), Math.max(1, this.#last + STALLED_AFTER - raw.now()));
  }

  #expire(): void {
    this.#timer = undefined;
    if (this.#parts.raw.now() - this.#last >= STALLED_AFTER) {
      const speaking = this.#speaking;
      this.#speaking = [];
      for (const gen of speaking) this.#stalled(gen);
    }
    this.#look();
  }
}
