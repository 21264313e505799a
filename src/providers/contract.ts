/**
 * @module The port to a model that holds the conversation. A `SessionSpec` is a recipe that can be opened many
 * times (prewarm, reconnect, rotation); a `SessionConnection` is one live socket made from it.
 */
import type { Chunk, Codec } from '../audio/chunk.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { CallInfo } from '../transport/contract.ts';

/** A tool as a model sees it. */
export interface ToolSchema {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** One thing said or done, as it was heard: what a new connection is seeded with. */
export type HistoryItem =
  | { role: 'user'; text: string }
  | { role: 'assistant'; text: string }
  | { role: 'tool'; call: string; name: string; arguments: string; result: string };

/** Who decides that a turn is over and that the agent yields; delays in ms. */
export interface TurnSettings {
  readonly by: 'model' | 'runtime';
  /** Silence after the caller's last word before a reply is asked for; runtime turns only. */
  readonly answerAfter: number;
  /** Voice needed before the agent yields. */
  readonly interruptAfter: number;
}

/** How the agent opens the conversation. */
export interface Greeting {
  readonly enabled: boolean;
  /** Words to be said as they are; without them the model greets in its own. */
  readonly text: string | undefined;
  readonly interruptible: boolean;
}

/** What a connection reports to the charts: facts without words. `gen` is always one taken from the context. */
export type SessionFact =
  | { type: 'session.ready' }
  /**
   * The socket is gone or will never be ready. `retryable: false` for refused credentials and the like; `deaf` where
   * it took seconds to notice, so that nobody knows what of the caller's last words got through.
   */
  | { type: 'session.lost'; code: string; retryable: boolean; deaf?: true }
  | { type: 'voice.start' }
  | { type: 'voice.stop' }
  /** The caller's turn is in the conversation; `turn` is the connection's name for it; `chars` is 0 if nothing was said. */
  | { type: 'turn.committed'; turn: string; chars: number }
  /** The caller went on after the commit and before the first audio of the reply. */
  | { type: 'turn.reopened'; turn: string }
  /** `request` names the order it answers; without it the model began by itself. */
  | { type: 'gen.started'; gen: number; request?: number }
  /** First audio of the generation; sent just before that chunk. */
  | { type: 'gen.audio'; gen: number }
  /** Everything the generation will ever have has arrived. */
  | { type: 'gen.done'; gen: number; audioMs: number; tools: number; reason: GenerationEnd }
  /** The generation broke, or the request was refused (`gen` absent). */
  | { type: 'gen.failed'; gen?: number; request?: number; code: string }
  | { type: 'tool.call'; gen: number; call: string; name: string };

export type GenerationEnd = 'completed' | 'cancelled' | 'incomplete' | 'failed';

/** Words that belong to a fact; they go to the call's record, never to a chart. */
export type SessionWords =
  /** What the caller said in `turn`; the last one with `final` stands. */
  | { kind: 'user'; turn: string; text: string; final: boolean }
  /** Text of a generation as it is generated, piece by piece, with the audio received so far in ms. */
  | { kind: 'assistant'; gen: number; delta: string; audioMs: number }
  /** Precedes the fact `tool.call` of the same call. */
  | { kind: 'tool'; call: string; name: string; arguments: string }
  | { kind: 'usage'; gen: number; usage: Readonly<Record<string, number>> };

/** What the charts ask of a connection. Words are looked up in `context.words` by id. */
export type SessionOrder =
  /** Ask for the greeting, as the spec has it. */
  | { type: 'greet'; request: number }
  /** Ask for a reply to what is in the conversation. */
  | { type: 'generate'; request: number }
  /** Have `words.saying(request)` said as it stands. */
  | { type: 'say'; request: number }
  /** The caller's turn is over (runtime turns); answered by `turn.committed` within 1 s. */
  | { type: 'commit' }
  /** Stop generating. `by: 'voice'`: the caller's voice did it, which a vendor's own detector may have acted on. */
  | { type: 'cancel'; gen: number; by: 'voice' | 'runtime' }
  /** The caller heard only the first `playedMs` of the generation. */
  | { type: 'truncate'; gen: number; playedMs: number }
  /** Put `words.toolResult(call)` into the conversation. Asks for no reply. */
  | { type: 'toolResult'; call: string }
  /** Put `words.digits(entry)` into the conversation as keypad input. Asks for no reply. */
  | { type: 'digits'; entry: number }
  /** The tools have changed; send them again. */
  | { type: 'update' };

/** Words by id, for orders that carry ids only. */
export interface OrderWords {
  toolResult(call: string): string;
  /** A call as the model made it, on whichever connection; undefined for one it never made. */
  toolCall?(call: string): { readonly name: string; readonly arguments: string } | undefined;
  digits(entry: number): string;
  saying(request: number): string;
}

/** What a connection gets to work with. It must not use any time, randomness or logging but these. */
export interface SessionContext {
  readonly call: CallInfo;
  /** Counts the call's connections from 1. */
  readonly connection: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the connection is to be released. */
  readonly signal: AbortSignal;
  readonly tools: readonly ToolSchema[];
  /** The conversation so far as it was heard, as of the moment it is read; empty on the first connection. */
  readonly history: readonly HistoryItem[];
  readonly words: OrderWords;
  /** The next generation number of the call; taken when a reply starts. */
  takeGeneration(): number;
  fact(fact: SessionFact): void;
  wrote(words: SessionWords): void;
  /** One chunk of the agent's voice. Never a chart event. */
  audio(chunk: Chunk): void;
}

/** One live socket. No method throws; all do nothing once it is closed. */
export interface SessionConnection {
  order(order: SessionOrder): void;
  /** One chunk of the caller's voice, in order. */
  feed(chunk: Chunk): void;
  /** Releases socket and timers at once. Idempotent; no fact follows. */
  close(): void;
}

/** What the platform is told about a session (ClawOps `call.telemetry`, spans). */
export interface SessionDescription {
  readonly type: 'openai_realtime' | 'gemini_realtime' | 'pipeline' | (string & {});
  /** The `gen_ai.system` of the semantic conventions. */
  readonly system: string;
  readonly model: string;
  readonly voice: string | undefined;
  readonly language: string | undefined;
}

export interface SessionSpec {
  readonly name: string;
  readonly description: SessionDescription;
  /** Audio both ways. */
  readonly codec: Codec;
  readonly turns: TurnSettings;
  /** Whether its connections report `voice.*`. Default true; otherwise the runtime's own detector listens. */
  readonly detectsVoice?: boolean;
  readonly greeting: Greeting;
  /** Loads what `open` needs, such as a vendor SDK; awaited once before the first call. */
  prepare?(): Promise<void>;
  open(context: SessionContext): SessionConnection;
}
