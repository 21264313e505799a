/**
 * @module The port to a telephone network. A `Transport` serves numbers; a `Leg` is one party's line in one call.
 * Implement both as plain objects: the runtime wires them to the charts, keeps the playout ledger and the gates.
 */
import type { Chunk, Codec } from '../audio/chunk.ts';
import type { OffhookError } from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

/** What a leg can do. The chart asks; what is not supported is refused before anything is sent. */
export interface LegCapabilities {
  readonly codec: Codec;
  /** Who paces playback: the carrier's queue, or we (no queue at the far end). */
  readonly pacing: 'carrier' | 'ours';
  /** What happens to pending marks on `clear`: all echoed, none echoed, or there are no marks. */
  readonly marks: 'echo-on-clear' | 'drop-on-clear' | 'none';
  readonly clear: boolean;
  readonly digitsIn: boolean;
  readonly digitsOut: boolean;
  /** How an unwanted call is turned away. */
  readonly reject: 'before-answer' | 'by-hangup' | 'by-silence';
  readonly hold: boolean;
  readonly whisper: 'platform' | 'ours' | 'none';
  readonly transfer: TransferCapabilities | undefined;
  /** Answering-machine detection. */
  readonly amd: boolean;
  readonly earlyMedia: boolean;
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
  /** The network's call id, unique within this process. */
  readonly id: string;
  readonly transport: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly callerIdRestricted: boolean;
}

/** How the network says a call ended. */
export type LegStatus = 'completed' | 'no-answer' | 'busy' | 'rejected' | 'canceled' | 'failed';

/** What a leg reports. Facts are past tense and carry no words, digits or numbers. */
export type LegFact =
  | { type: 'leg.ringing' }
  | { type: 'leg.answered' }
  /** Media flows both ways; `epoch` counts the leg's media connections from 1. */
  | { type: 'leg.mediaStarted'; epoch: number }
  /** `expected`: a transfer took the media away; the leg lives on. */
  | { type: 'leg.mediaStopped'; epoch: number; expected: boolean }
  /** The line is gone. The only fact that ends a leg. */
  | { type: 'leg.hangup'; by: 'caller' | 'platform' | 'agent'; status: LegStatus; code?: string }
  /** The platform's final word on the call, which may come after the hang-up. `durationMs` as billed. */
  | { type: 'leg.ended'; status: LegStatus; durationMs: number | undefined }
  | { type: 'leg.verdict'; result: 'human' | 'machine' }
  | { type: 'leg.beep' }
  | { type: 'target.answered'; request: string }
  | { type: 'target.accepted'; request: string }
  | { type: 'transfer.bridged'; request: string }
  | { type: 'transfer.completed'; request: string }
  | { type: 'transfer.failed'; request: string; reason: string };

/** Where a leg delivers. All methods may be called at any time, also synchronously from `start`. */
export interface LegSink {
  fact(fact: LegFact): void;
  /** One chunk of caller audio, in order, `at` on the carrier's media axis. Never a chart event. */
  audio(chunk: Chunk): void;
  /** The carrier echoed a mark: it is no longer pending, which does not mean it was heard. */
  mark(name: string): void;
  /** One key: 0-9, *, #. */
  digit(key: string): void;
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
  /** Inbound: turns the call away; `code` and `message` go to the platform where it has room for them. */
  reject(code: string, message: string): void;
  /** Queues audio at the carrier: any length, in order, at once. */
  play(chunk: Chunk): void;
  /** Asks the carrier to echo `name` when everything queued before it has been played. */
  mark(name: string): void;
  /** Empties the carrier's playback queue, synchronously on the socket. */
  clear(): void;
  /** One key towards the network: 0-9, *, #. */
  sendDigit(key: string): void;
  transfer(request: TransferRequest): void;
  /** Hangs up in the network's graceful way and reports `leg.hangup{by: 'agent'}` once it is done. */
  hangup(): void;
  /** A notice for the platform about the call, such as telemetry or metrics. */
  notify(kind: 'telemetry' | 'metrics' | 'failed', body: Readonly<Record<string, unknown>>): void;
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
   * Brings every connection up and keeps it up.
   * @throws OffhookError OFFHOOK_AUTH_REFUSED on 401/403, OFFHOOK_LINK_TIMEOUT after 10 s, OFFHOOK_NUMBER_TAKEN.
   */
  connect(host: TransportHost): Promise<void>;
  /** An outbound leg; it dials when it is started. Absent: inbound only. */
  dial?(request: DialRequest): Leg;
  /** Stops taking calls and closes the connections. Legs are closed by their calls. */
  close(): Promise<void>;
}
