/**
 * @module The session chart's port `connection`: opens the call's recipe, stamps its facts, and watches for a
 * provider that goes quiet in the middle of a sentence.
 */
import type { Chunk } from '../../audio/chunk.ts';
import { createVoiceDetector } from '../../audio/vad.ts';
import { OffhookError } from '../../errors.ts';
import type {
  SessionConnection,
  SessionFact,
  SessionOrder,
  SessionSpec,
  ToolSchema,
} from '../../providers/contract.ts';
import type { TimerHandle } from '../clock.ts';
import { nameOf } from '../scope.ts';
import type { OpenPort } from '../switchboard.ts';
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
    const stamp = (fact: SessionFact) => ({ ...fact, connection: number });
    if (!spec) {
      tell(stamp({ type: 'session.lost', code: 'OFFHOOK_SESSION_FAILED', retryable: false }));
      return {};
    }
    const controller = new AbortController();
    const watch = createStallWatch(parts, (gen) => tell({ type: 'gen.stalled', gen, connection: number }));
    let closed = false;
    const connection: SessionConnection = spec.open({
      call: parts.info,
      connection: number,
      clock: parts.raw,
      logger: parts.logger,
      signal: controller.signal,
      tools: options.tools,
      // Read when the connection can take it: what happens while it opens belongs to it.
      get history() {
        return parts.record.history();
      },
      words: parts.record,
      takeGeneration: () => parts.takeGeneration(),
      wrote: (words) => parts.record.wrote(words),
      fact(fact) {
        if (closed) return;
        watch.heard(fact);
        parts.clock.stimulus(() => {
          tell(stamp(fact));
          options.fact(fact);
        });
      },
      audio(chunk) {
        if (closed) return;
        watch.audio(chunk.gen);
        options.speak(chunk);
      },
    });
    const detect = createDetector(spec, (type) =>
      parts.clock.stimulus(() => tell({ type, connection: number })),
    );
    options.listen((chunk) => {
      detect?.(chunk);
      try {
        connection.feed(chunk);
      } catch (error) {
        // Once is enough: the next frame comes in 20 ms, and would end the same way.
        options.listen(undefined);
        parts.logger.error({ call: parts.id, error: nameOf(error) }, 'a session cannot be fed');
        tell(stamp({ type: 'session.lost', code: 'OFFHOOK_SESSION_FAILED', retryable: false }));
      }
    });
    const close = (): void => {
      if (closed) return;
      closed = true;
      options.listen(undefined);
      watch.stop();
      controller.abort();
      try {
        connection.close();
      } catch (error) {
        parts.logger.error({ call: parts.id, error: nameOf(error) }, 'a session did not close cleanly');
      }
    };
    const release = parts.scope.own(`session #${number}`, close);
    return {
      order(given) {
        const order = given as SessionOrder;
        if (order.type === 'digits') parts.record.bindDigits(order.entry);
        connection.order(order);
      },
      close: release,
    };
  };
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

interface StallWatch {
  heard(fact: SessionFact): void;
  audio(gen: number): void;
  stop(): void;
}

/** One timer while something is being spoken; a chunk only notes the time. */
function createStallWatch(parts: CallParts, stalled: (gen: number) => void): StallWatch {
  const speaking = new Set<number>();
  let last = 0;
  let timer: TimerHandle | undefined;
  const look = (): void => {
    if (timer || speaking.size === 0) return;
    timer = parts.clock.setTimeout(
      () => {
        timer = undefined;
        if (parts.raw.now() - last >= STALLED_AFTER) {
          for (const gen of speaking) stalled(gen);
          speaking.clear();
        }
        look();
      },
      Math.max(1, last + STALLED_AFTER - parts.raw.now()),
    );
  };
  return {
    heard(fact) {
      last = parts.raw.now();
      if (fact.type === 'gen.audio') speaking.add(fact.gen);
      if (fact.type === 'gen.done') speaking.delete(fact.gen);
      if (fact.type === 'gen.failed' && fact.gen !== undefined) speaking.delete(fact.gen);
      look();
    },
    audio() {
      last = parts.raw.now();
    },
    stop() {
      speaking.clear();
      parts.clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}
