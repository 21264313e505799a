/**
 * @module The words the call chart speaks: facts it is told, orders it gives, what it remembers.
 * Everything here is plain JSON without words, digits or numbers, so a log of it replays and holds no secrets.
 */
import type { LegFact, LegStatus } from '../../transport/contract.ts';
import type { GenerationEnd, SessionOrder } from '../../providers/contract.ts';

/** Lines that are ours and not the model's. */
export type CannedLine = 'apology' | 'one-moment' | 'filler' | 'goodbye' | 'transfer-failed';

/** What a generation is for. Canned lines are generations too, with a source that is ours. */
export type GenerationKind = 'reply' | 'greeting' | 'say' | 'message' | 'audio' | CannedLine;

/** A reply from its start until it was cut, failed or drained. */
export interface Generation {
  readonly gen: number;
  readonly kind: GenerationKind;
  /** `done`: everything it will ever have has arrived. */
  readonly phase: 'generating' | 'done';
  readonly audio: boolean;
}

/** A request for a generation that has not started yet. */
export interface Asked {
  readonly request: number;
  readonly kind: GenerationKind;
}

export interface ToolRun {
  readonly call: string;
  readonly gen: number;
  /** `given`: its result is in the conversation, and no reply to it was asked for yet. */
  readonly status: 'running' | 'given';
  readonly onInterrupt: 'keep' | 'cancel';
  readonly onHangup: 'cancel' | 'finish';
}

export interface TransferState {
  readonly request: string;
  readonly after: 'terminate' | 'return';
}

/** How a tool behaves at the edges of its life; by value in the log's header. */
export interface ToolPolicy {
  readonly onInterrupt: 'keep' | 'cancel';
  readonly onHangup: 'cancel' | 'finish';
}

/** Everything that is configured about a call's behaviour. Durations in ms. */
export interface CallPolicy {
  readonly turns: 'model' | 'runtime';
  readonly answerAfter: number;
  readonly interruptAfter: number;
  readonly greeting: 'none' | 'open' | 'closed';
  readonly voicemail: boolean;
  readonly recording: boolean;
  readonly maxDuration: number;
  readonly ringTimeout: number;
  /** Whether the carrier says when a transfer target answers; without it the ring time bounds nothing. */
  readonly transferReportsAnswer: boolean;
  readonly longestBridge: number;
  readonly returnAfterFailure: boolean;
  readonly endingTools: readonly string[];
  readonly tools: Readonly<Record<string, ToolPolicy>>;
  /** Rounds of tool calls within one turn before the agent gives up on it. */
  readonly maxToolRounds: number;
}

export interface CallInput {
  /** The call's id: the key under which the runtime keeps its sockets and words. */
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly policy: CallPolicy;
}

export type OutcomeStatus = LegStatus | 'transferred';

/** How the call ended, as the chart knows it. */
export interface ChartOutcome {
  readonly status: OutcomeStatus;
  readonly endedBy: 'caller' | 'agent' | 'platform' | 'runtime';
  readonly reason: string;
}

export interface CallContext extends CallInput {
  /** Live generations in the order they started. */
  readonly gens: readonly Generation[];
  /** Generations that were flushed and whose `playout.cut` is still to come. */
  readonly cutting: readonly Generation[];
  readonly lastGen: number;
  readonly lastRequest: number;
  readonly asked: readonly Asked[];
  /** Lines of ours that were taken back before the leg said they had begun, by request. */
  readonly withdrawnLines: readonly number[];
  /** The session connection that is ready; 0 when none is. */
  readonly connection: number;
  /** The newest connection heard of; voice facts of an older one are stale. */
  readonly lastConnection: number;
  /** The newest media connection of the leg, and the one that is open now (0: none). */
  readonly mediaEpoch: number;
  readonly mediaOpen: number;
  readonly answered: boolean;
  /** The leg reported its hang-up. */
  readonly lineGone: boolean;
  /** `call_start` listeners have run. */
  readonly started: 'no' | 'running' | 'done';
  readonly greeting: 'none' | 'due' | 'asked' | 'aged';
  /** Milliseconds of the greeting that were heard. */
  readonly greetingHeardMs: number;
  readonly turn: 'none' | 'open' | 'superseded';
  readonly tools: readonly ToolRun[];
  /** Every tool call id of this call; none runs twice. */
  readonly toolsSeen: readonly string[];
  readonly toolRounds: number;
  /** Replies in a row that came to nothing: empty, failed, late. */
  readonly misses: number;
  readonly digitsWaiting: boolean;
  readonly digits: number;
  /** A complete entry that waits for a session to be told of it: how many keys; 0: none waits. */
  readonly heldDigits: number;
  readonly collect: {
    readonly request: number;
    readonly max: number;
    readonly first: number;
    readonly next: number;
  } | null;
  readonly transfer: TransferState | null;
  /** Apologies in a row without a reply between them. */
  readonly apologies: number;
  /** A reply is owed: the session was lost over it, or the call was away. */
  readonly owed: boolean;
  /** The session gave up for good; its code. */
  readonly sessionFailed: string | null;
  /** The generation in which the model asked to end the call; its other tools run first. */
  readonly endingGen: number;
  readonly finalWord: boolean;
  readonly outcome: ChartOutcome;
}

/** Facts of the session as the supervisor passes them on. */
export type SessionChartFact =
  | { type: 'session.ready'; connection: number }
  | { type: 'session.lost'; connection: number; code: string; deaf?: true }
  /** Given up: refused, or lost too often. */
  | { type: 'session.failed'; code: string }
  | { type: 'voice.start'; epoch: number }
  | { type: 'voice.stop'; epoch: number }
  | { type: 'turn.committed'; turn: string; chars: number }
  | { type: 'turn.reopened'; turn: string }
  /** `own`: audio the program plays itself. */
  | { type: 'gen.started'; gen: number; request?: number; own?: true }
  | { type: 'gen.audio'; gen: number }
  | { type: 'gen.done'; gen: number; audioMs: number; tools: number; reason: GenerationEnd }
  | { type: 'gen.failed'; gen?: number; request?: number; code: string }
  /** The provider went quiet in the middle of a generation. */
  | { type: 'gen.stalled'; gen: number }
  | { type: 'tool.call'; gen: number; call: string; name: string };

export type PlayoutChartFact =
  | { type: 'playout.drained'; gen: number; playedMs: number; method: 'mark' | 'estimated' }
  | { type: 'playout.cut'; gen: number; playedMs: number; method: 'exact' | 'estimated' };

export type CallEvent =
  | LegFact
  | SessionChartFact
  | PlayoutChartFact
  | { type: 'media.stalled'; epoch: number }
  | { type: 'media.flowing'; epoch: number }
  /** Screening is over; a call that is taken has its session's settings from here on. */
  | { type: 'screen.done'; accept: boolean; code: string; policy: CallPolicy }
  | { type: 'start.done' }
  | { type: 'limit.reached' }
  | { type: 'tool.done'; call: string; ok: boolean }
  | { type: 'digits.key'; class: 'digit' | 'star' | 'hash'; n: number }
  | { type: 'digits.collect'; request: number; max: number; first: number; next: number }
  | { type: 'say.requested' }
  | { type: 'transfer.requested'; request: string; after: 'terminate' | 'return' }
  | { type: 'record.start' }
  | { type: 'record.pause' }
  | { type: 'record.resume' }
  | { type: 'record.stop' }
  | { type: 'tap.failed'; tap: string; code: string }
  | { type: 'agent.end'; reason: string }
  | { type: 'fault'; actor: string; code: string }
  | { type: `app.${string}` }
  // Raised by the chart itself.
  | { type: 'floor.released' }
  | { type: 'floor.reset' }
  | { type: 'digits.entered'; n: number }
  | { type: 'greeting.aged' }
  | { type: 'away.ended' };

/** What the chart asks of the leg and the playout behind it. */
export type LegOrder =
  | { type: 'accept' }
  | { type: 'reject'; code: string }
  /** Audio of this generation may be played. */
  | { type: 'begin'; gen: number }
  /** No more audio of it will come: say when it has drained. */
  | { type: 'finish'; gen: number }
  /** Cut this generation and every later one, now. */
  | { type: 'flush'; gen: number; by: 'voice' | 'runtime' }
  /** Play one of our own lines as a generation that answers `request`. */
  | { type: 'play'; line: CannedLine; request: number }
  /** Away: what the carrier echoes meanwhile was not heard. */
  | { type: 'suspend'; on: boolean }
  | { type: 'transfer'; request: string }
  | { type: 'hangup' };

/** What the chart asks of the session supervisor. */
export type SupervisorOrder =
  | { type: 'open' }
  | { type: 'close' }
  /** Take back a request that has not started. */
  | { type: 'withdraw'; request: number }
  | SessionOrder;

export type CallTag =
  'hear.drop' | 'hear.buffer' | 'hear.live' | 'speak.hold' | 'speak.live' | 'speak.drop' | 'away';

/** How the chart's waits are named; each can be found in a log as `xstate.after.<name>.<state>`. */
export const DELAYS = {
  /** The screening port ends after 3 s for the verdict and 5 s for the session's recipe; this is behind it. */
  screeningMax: 10_000,
  /** A greeting older than this no longer fits the moment the callee picks up. */
  greetingAge: 20_000,
  openingMax: 10_000,
  /** The carrier's ring timer is the truth; ours only catches its loss. */
  ringGrace: 5_000,
  oneMoment: 4_000,
  sessionMax: 10_000,
  /** Callers start to say "hello?" after four to eight seconds of silence. */
  filler: 8_000,
  thinkMax: 16_000,
  /** Ceilings behind the playout's and the provider watch's own, much shorter, bounds. */
  generatingMax: 600_000,
  drainingMax: 600_000,
  consultingMax: 60_000,
  mediaWaitingMax: 30_000,
  mediaStalledMax: 30_000,
  /** A voice without an end for this long is noise, or a stop that was lost. */
  voiceMax: 15_000,
  keypadPause: 500,
  beepMax: 30_000,
  messageMax: 120_000,
  /** Last words that were asked for and do not begin: nobody who wants to go waits longer. */
  lastWordsMax: 5_000,
  /** The generation watch ends a stalled farewell at 3 s; this ends one that goes on and on. */
  farewellMax: 60_000,
  releasingMax: 5_000,
  finalWordMax: 2_000,
  finishMax: 30_000,
} as const;
