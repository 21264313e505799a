/**
 * @module The port to a telephone network. A `Transport` serves numbers; a `Leg` is one party's line in one call.
 * Implement both as plain objects: the runtime wires them to the charts, keeps the playout ledger and the gates.
 */
import type { Chunk, Codec } from '../audio/chunk.ts';
import type { ErrorCode, OffhookError } from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

/**
 * What a leg can do. Whoever wants something looks here first and refuses with OFFHOOK_CAPABILITY_MISSING; a leg that
 * is asked all the same refuses with the same code.
 */
export interface LegCapabilities {
  /** The law of the audio both ways, 8 kHz mono; agreed with the network before media opens. */
  readonly codec: Codec;
  /** Who paces playback: the carrier's queue, or, where it has none, the leg behind its own `play`. */
  readonly pacing: 'carrier' | 'ours';
  /** What happens to pending marks on `clear`: all echoed, none echoed, or there are no marks. */
  readonly marks: 'echo-on-clear' | 'drop-on-clear' | 'none';
  readonly clear: boolean;
  readonly digitsIn: boolean;
  readonly digitsOut: boolean;
  readonly transfer: TransferCapabilities | undefined;
  /** Answering-machine detection when dialling, told as `leg.verdict` where the network tells it to the call itself. */
  readonly amd: boolean;
  /** The network takes notices about a call. */
  readonly notices: boolean;
}

export interface TransferCapabilities {
  readonly modes: readonly ('blind' | 'warm')[];
  /** The caller can come back to the agent afterwards. */
  readonly return: boolean;
  /** Which steps the leg learns of; without `answered` a transfer is never bounded by the ring time. */
  readonly reports: readonly ('answered' | 'accepted' | 'bridged' | 'ended')[];
  /** Longest bridge the carrier holds, in ms. */
  readonly longestBridge: number;
}

/** Who and what a call is. Numbers are as the network wrote them. */
export interface CallInfo {
  /** The network's call id, unique within this process. That of an outbound call is ours until the network names it. */
  readonly id: string;
  readonly transport: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly callerIdRestricted: boolean;
}

/** How the network says a call ended. */
export type LegStatus = 'completed' | 'no-answer' | 'busy' | 'rejected' | 'canceled' | 'failed';

/**
 * What a leg reports. Facts are past tense and carry no words, digits or numbers. Their order, which `Reporter` keeps
 * and the leg suite checks: `ringing`, `answered`, then media epochs one after another; every transfer has one result;
 * then one `hangup`; then at most one `ended`, and nothing.
 */
export type LegFact =
  /** Outbound only, and not on every network. */
  | { type: 'leg.ringing' }
  /** Once, before any media. From here on `play` is taken: what comes before media waits at the leg. */
  | { type: 'leg.answered' }
  /** Media flows both ways; `epoch` counts the leg's media connections from 1. */
  | { type: 'leg.mediaStarted'; epoch: number }
  /** The far end closed the epoch. `expected`: a transfer took the media away; the leg lives on. */
  | { type: 'leg.mediaStopped'; epoch: number; expected: boolean }
  /** The line is gone. The only fact that ends a leg; one by the agent ends the open epoch too. */
  | { type: 'leg.hangup'; by: 'caller' | 'platform' | 'agent'; status: LegStatus; code?: ErrorCode }
  /**
   * The platform's final word on the call: after the hang-up, at once if it is known by then. `durationMs` as billed. A
   * network that has none says so with the hang-up; one that owes it and stays silent is waited for.
   */
  | { type: 'leg.ended'; status: LegStatus; durationMs: number | undefined }
  | { type: 'leg.verdict'; result: 'human' | 'machine' }
  /** The mailbox listens: its beep, or the end of its greeting. */
  | { type: 'leg.beep' }
  | { type: 'target.answered'; request: string }
  | { type: 'target.accepted'; request: string }
  | { type: 'transfer.bridged'; request: string }
  | { type: 'transfer.completed'; request: string }
  /** `reason`: one of our codes, or the network's word for it: letters, `-` and `_`, for it goes into logs. */
  | { type: 'transfer.failed'; request: string; reason: string };

/**
 * Where a leg delivers. All methods may be called at any time, also synchronously from `start`. Audio, marks and keys
 * come between a `leg.mediaStarted` and its end only.
 */
export interface LegSink {
  fact(fact: LegFact): void;
  /**
   * One chunk of caller audio, in order. `at` is its place on the leg's media axis in ms, which never goes back and
   * goes on over epochs, whatever clock a new connection brings. Never a chart event. May be called by itself.
   */
  readonly audio: (chunk: Chunk) => void;
  /** The carrier echoed a mark: it is no longer pending, which does not mean it was heard. */
  mark(name: string): void;
  /** One key: 0-9, *, #. Once, however many ways the network tells it. */
  digit(key: string): void;
}

/** Why a call is turned away. Every network tells these two apart. */
export interface Refusal {
  /** `busy`: there is no room now, ringing again may help. */
  readonly cause: 'rejected' | 'busy';
  /** Ours or the program's, for a platform that has room for it. */
  readonly code: string;
  readonly message: string;
}

/** What a transfer asks of the carrier. Durations in ms. */
export interface TransferRequest {
  readonly request: string;
  readonly to: string;
  readonly destination: 'pstn' | 'sip';
  readonly mode: 'blind' | 'warm';
  readonly after: 'terminate' | 'return';
  readonly hold: 'ringback' | 'music' | 'silence';
  readonly whisper?: string;
  readonly context?: Record<string, unknown>;
  readonly callerId?: string;
  readonly callerIdMode?: 'account' | 'original';
  readonly ringTimeout: number;
}

/** One line. Every method is safe in every state, never throws, and does nothing once the leg is closed. */
export interface Leg {
  readonly info: CallInfo;
  readonly can: LegCapabilities;
  /** Begins to deliver. Outbound: dials now. Called once. */
  start(sink: LegSink): void;
  /** Inbound: takes the call and opens media. */
  accept(): void;
  /** Inbound: turns the call away, before it is answered where the network can. */
  reject(refusal: Refusal): void;
  /**
   * Queues audio at the carrier: any length, in order, at once.
   * @returns whether it was taken; what is dropped, on a line that is away or stands still, was never sent
   */
  play(chunk: Chunk): boolean;
  /** Asks the carrier to echo `name` when everything queued before it has been played. */
  mark(name: string): void;
  /** Empties the carrier's playback queue, synchronously on the socket. */
  clear(): void;
  /**
   * Presses keys (0-9, *, #) towards the network, in order, spaced as the network wants them.
   * @returns why they were not sent, undefined if they were; never rejects
   */
  sendDigits(keys: string): Promise<ErrorCode | undefined>;
  /** Asks for a transfer; every request has one result, `transfer.completed` or `transfer.failed`. */
  transfer(request: TransferRequest): void;
  /** Hangs up, after what is queued was played, and reports `leg.hangup{by: 'agent'}`: within 6 s in any case. */
  hangup(): void;
  /** A notice for the platform: what the session is, or the call in numbers. `body` is JSON. See `can.notices`. */
  notify(kind: 'telemetry' | 'metrics', body: Readonly<Record<string, unknown>>): void;
  /** Releases every socket and timer at once. Idempotent. */
  close(): void;
}

/** What the agent offers a transport. */
export interface TransportHost {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A number in [0, 1), injected so that tests repeat. */
  random(): number;
  /** A call rings. The transport goes on to the next message; the agent decides. */
  incoming(leg: Leg): void;
  /** The transport takes no more calls and will not come back by itself; running calls go on. */
  linkLost?(error: OffhookError): void;
}

export interface DialRequest {
  readonly to: string;
  /** Ring time in ms. */
  readonly ringTimeout: number;
  readonly machineDetection: boolean;
}

export interface Transport {
  readonly name: string;
  readonly can: LegCapabilities;
  /**
   * Brings every connection up and keeps it up; or listens, where the network calls in.
   * @throws OffhookError OFFHOOK_AUTH_REFUSED on 401/403, OFFHOOK_LINK_TIMEOUT after 10 s, OFFHOOK_NUMBER_TAKEN,
   * OFFHOOK_PORT_IN_USE.
   */
  connect(host: TransportHost): Promise<void>;
  /** An outbound leg; it dials when it is started. Absent: inbound only. */
  dial?(request: DialRequest): Leg;
  /** Stops taking calls and closes the connections. Legs are closed by their calls. */
  close(): Promise<void>;
}
