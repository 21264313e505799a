/**
 * @module One connection: opens the line, sends the settings, seeds the history, then passes orders one way and
 * facts the other. Reports `session.lost` at most once and nothing after it.
 */
import type { Chunk } from '../../../audio/chunk.ts';
import { OffhookError } from '../../../errors.ts';
import type { TimerHandle } from '../../../runtime/clock.ts';
import { trackWork } from '../../../runtime/work.ts';
import type {
  Greeting,
  SessionConnection,
  SessionContext,
  SessionFact,
  SessionOrder,
  SessionWords,
} from '../../contract.ts';
import { type Line, loadSdk, openLine, type Sdk } from './connect.ts';
import { createCounters } from './counters.ts';
import { Ids } from './ids.ts';
import type { ResolvedOptions } from './options.ts';
import { carryOut, disown, type OrdersHost, seed } from './orders.ts';
import { type Behaviour, sessionOf } from './settings.ts';
import { Turns } from './turns.ts';
import { hear, ignores, receive, type WireHost } from './wire.ts';

/** What every connection of a spec has in common. */
export interface SessionRecipe {
  readonly options: ResolvedOptions;
  readonly behaviour: Behaviour;
  readonly greeting: Greeting;
}

interface Reports {
  readonly fact: (fact: SessionFact) => void;
  readonly wrote: (words: SessionWords) => void;
  readonly audio: (chunk: Chunk) => void;
}

// As long as the call waits for a session before it apologises.
const READY_WITHIN = 10_000;

/** Ends at which nobody knows what still got through. */
const DEAF = new Set(['no_pong', 'backlog']);

/** Opens a connection; returns at once and connects in the background. */
export function openSession(recipe: SessionRecipe, context: SessionContext): SessionConnection {
  return new Session(recipe, context).open();
}

class Session implements SessionConnection {
  readonly #recipe: SessionRecipe;
  readonly #context: SessionContext;
  readonly #counters = createCounters();
  readonly #ids = new Ids();
  readonly #turns: Turns;
  readonly #orders: OrdersHost;
  readonly #wire: WireHost;
  readonly #release = (): void => this.close();
  #phase: 'opening' | 'ready' | 'closed' = 'opening';
  #line: Line | undefined;
  #deadline: TimerHandle | undefined;

  constructor(recipe: SessionRecipe, context: SessionContext) {
    const { options, behaviour, greeting } = recipe;
    this.#recipe = recipe;
    this.#context = context;
    const reports = this.#whileOpen(context);
    this.#turns = new Turns({
      by: options.turns.by,
      transcribes: behaviour.transcribes,
      clock: context.clock,
      ...reports,
    });
    const shared = { ids: this.#ids, turns: this.#turns, counters: this.#counters };
    this.#orders = {
      ...shared,
      context,
      behaviour,
      greeting: greeting.text,
      language: options.language,
      send: (event) => this.#line?.send(event),
    };
    this.#wire = {
      ...shared,
      context: { ...reports, logger: context.logger, takeGeneration: () => context.takeGeneration() },
      interrupts: behaviour.interrupts,
      configured: () => this.#configured(),
      orphaned: (call) => disown(this.#orders, call),
      isConfigured: () => this.#phase === 'ready',
      lost: (code, retryable) => this.#lose(code, retryable),
    };
  }

  /** A report may release the connection in the middle of a message: the rest of that message is not told. */
  #whileOpen(context: SessionContext): Reports {
    return {
      fact: (fact) => {
        if (this.#phase !== 'closed') context.fact(fact);
      },
      wrote: (words) => {
        if (this.#phase !== 'closed') context.wrote(words);
      },
      audio: (chunk) => {
        if (this.#phase !== 'closed') context.audio(chunk);
      },
    };
  }

  open(): this {
    const { clock, signal } = this.#context;
    if (signal.aborted) {
      this.#phase = 'closed';
      return this;
    }
    signal.addEventListener('abort', this.#release, { once: true });
    this.#deadline = clock.setTimeout(() => this.#lose('OFFHOOK_SESSION_FAILED', true), READY_WITHIN);
    void trackWork(loadSdk().then((sdk) => this.#connect(sdk))).catch((error: unknown) =>
      this.#lose(error instanceof OffhookError ? error.code : 'OFFHOOK_SESSION_FAILED', false),
    );
    return this;
  }

  order(order: SessionOrder): void {
    if (this.#phase === 'ready') carryOut(this.#orders, order);
    else if (this.#phase === 'opening') this.#counters.misplaced += 1;
  }

  feed(chunk: Chunk): void {
    if (this.#phase === 'ready') this.#line?.append(chunk);
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    const { clock, signal, logger, connection } = this.#context;
    clock.clearTimeout(this.#deadline);
    signal.removeEventListener('abort', this.#release);
    this.#turns.close();
    this.#line?.close();
    logger.debug({ connection, ...this.#counters }, 'openai session released');
  }

  #connect(sdk: Sdk): void {
    if (this.#phase === 'closed') return;
    const { clock, logger, connection } = this.#context;
    this.#line = openLine(sdk, this.#recipe.options, {
      clock,
      opened: () => this.#configure(),
      ignores,
      event: (event) => receive(this.#wire, event),
      audio: ({ response, item, base64 }) => hear(this.#wire, response, item, base64),
      malformed: () => {
        this.#counters.malformed += 1;
        logger.warn({ connection }, 'the model sent a frame that is no message');
      },
      lost: (code, retryable) => this.#lose(code, retryable),
    });
  }

  #configure(): void {
    const session = sessionOf(this.#recipe.options, this.#context.tools);
    this.#line?.send({ type: 'session.update', event_id: this.#ids.event('session'), session });
  }

  #configured(): void {
    if (this.#phase !== 'opening') return;
    seed(this.#orders, this.#context.history);
    this.#phase = 'ready';
    this.#context.clock.clearTimeout(this.#deadline);
    this.#context.fact({ type: 'session.ready' });
  }

  #lose(code: string, retryable: boolean): void {
    if (this.#phase === 'closed') return;
    this.close();
    const { connection, logger } = this.#context;
    logger.warn({ connection, code, retryable }, 'openai session lost');
    this.#context.fact({ type: 'session.lost', code, retryable, ...(DEAF.has(code) ? { deaf: true } : {}) });
  }
}
