/**
 * @module What a user of the exchange sees: its options, its calls and the plans for people at the other end.
 * Durations are milliseconds unless the wire says seconds; audio is mu-law, 8 kHz, one byte a sample.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { CallerScript } from './steps.ts';
import type { CallEvent } from './events.ts';
import type { CallFaults, ExchangeFaults } from './faults.ts';

/** Who may connect: an account and its bearer key. */
export interface Account {
  readonly id: string;
  readonly key: string;
}

/** A number of the exchange; it belongs to the first account unless it names another. */
export interface OwnedNumber {
  readonly number: string;
  readonly account?: string;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  /** A number in [0, 1); seed it and ids and tokens repeat. */
  readonly random: () => number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. Default 0. */
  readonly port?: number;
  /** Default: `AC_local` with the key `sk_test_local`. */
  readonly accounts?: readonly Account[];
  /** Default: `07012341234`. */
  readonly numbers?: readonly OwnedNumber[];
  readonly logger?: Logger;
  /** `latencyMs`: one-way delay of everything the exchange sends over a WebSocket. Default 5, no jitter. */
  readonly network?: { readonly latencyMs?: number };
  /**
   * What becomes of a connection whose number is taken over: `close` with 4409, always; or `retire`, which tells
   * clients that declared it `agent.retired` and leaves their socket open (clawops.md 11.1). Default `close`.
   */
  readonly takeover?: 'close' | 'retire';
  /** Keep `heard` and `spoken` (16 kB for each second of call). Default true. */
  readonly keepAudio?: boolean;
  /** Calls that are remembered, in `calls` and over REST; the oldest that are over go first. Default 1000. */
  readonly keepCalls?: number;
  /** Lets programs on this machine ring a number over `POST /local/dial`. Default false. */
  readonly localDialling?: boolean;
  /** Decides what becomes of a transfer. Default: answered after 1 s, bridged for 5 s. */
  readonly onTransfer?: (request: TransferAsked) => TransferPlan;
}

/** How the wire names the end of a call (clawops.md 2.6). */
export type FinalStatus = 'completed' | 'no-answer' | 'busy' | 'rejected' | 'canceled' | 'failed';
export type CallStatus = 'queued' | 'ringing' | 'in-progress' | FinalStatus;

export interface CallResult {
  readonly status: FinalStatus;
  /** Whole seconds from the answer to the end; 0 if nobody answered. */
  readonly duration: number;
  /** The wire's word for the reason, such as `normal_clearing` or `call_stuck`. */
  readonly cause: string;
  readonly by: 'caller' | 'agent' | 'platform';
}

/** One media message of the agent as it came in. */
export interface Arrival {
  readonly at: number;
  /** Length of its audio in bytes. */
  readonly bytes: number;
  /** How many times the agent had cleared the queue before it came. */
  readonly clears: number;
  /** The audio itself, with `keepAudio`. */
  readonly audio?: Uint8Array;
}

/** One call as the far end of the line lived through it. */
export interface ExchangeCall {
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly account: string;
  readonly status: CallStatus;
  /** Seconds; undefined while the call is up. */
  readonly duration: number | undefined;
  /** What the caller heard: a line without holes, from the moment media opened. */
  readonly heard: Uint8Array;
  /** What the caller sent, on the same axis. */
  readonly spoken: Uint8Array;
  /** Everything measured, with clock times. `turnsOf` and `bargeInsOf` read it. */
  readonly events: readonly CallEvent[];
  readonly arrivals: readonly Arrival[];
  /** Length of the media clock so far. */
  readonly mediaMs: number;
  /** Bytes of silence the queue had to add to the agent's short tails. */
  readonly paddedBytes: number;
  /** The last `call.telemetry`, `call.metrics` and `call.session_failed` bodies. */
  readonly telemetry: unknown;
  readonly metrics: unknown;
  readonly failure: unknown;
  /** Settles once `call.ended` has been sent; never rejects. */
  readonly ended: Promise<CallResult>;
  readonly faults: CallFaults;
  /** The caller hangs up now: `canceled` before the answer, `completed` after it. */
  hangUp(): void;
  /** Replaces what is left of the script. */
  act(script: CallerScript): void;
}

/** An outbound call that the agent's side asked for. */
export interface OutboundInfo {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly ringTimeoutMs: number;
  readonly machineDetection: 'Enable' | 'Hangup' | undefined;
}

/** What the dialled party does. */
export interface CalleeBehaviour {
  /** Ring time; beyond the originator's `Timeout` the call ends as `no-answer`. Default 1000. */
  readonly after?: number;
  readonly outcome: 'answer' | 'busy' | 'no-answer' | 'rejected' | 'failed';
  /** What an answering party does. Default: stays silent on the line. */
  readonly script?: CallerScript;
  /** Whether `call.ringing` is sent at all. Default true. */
  readonly ringing?: boolean;
  /** The verdict of machine detection, where it was asked for. Default `human`. */
  readonly answeredBy?: 'human' | 'machine' | 'unknown';
}

/** The wire's transfer request (clawops.md 2.7); `timeout` in seconds. */
export interface TransferAsked {
  readonly callId: string;
  readonly requestId: string | undefined;
  readonly to: string;
  readonly mode: string;
  readonly afterTransfer: 'terminate' | 'return';
  readonly timeout: number;
}

/** How a transfer goes. `refused` fails it before anything is torn down. */
export type TransferPlan =
  | { readonly outcome: 'completed'; readonly answerAfter?: number; readonly bridgeMs?: number }
  | { readonly outcome: 'failed'; readonly answerAfter?: number; readonly reason?: string }
  | { readonly outcome: 'refused'; readonly reason?: string };

/** What `on` reports; the call comes first where there is one. */
export interface ExchangeListeners {
  call: (call: ExchangeCall) => void;
  event: (call: ExchangeCall, event: CallEvent) => void;
  ended: (call: ExchangeCall, result: CallResult) => void;
  /** An agent's control connection for a number came or went; `code` is its close code. */
  agent: (change: {
    readonly number: string;
    readonly state: 'connected' | 'closed';
    readonly code?: number;
  }) => void;
}

export interface Exchange {
  /** `http://host:port`, usable as the client's base URL. @throws OffhookError OFFHOOK_PORT_IN_USE */
  listen(): Promise<{ url: string; port: number }>;
  /** Ends every call, closes every socket and stops listening. Idempotent. */
  close(): Promise<void>;
  /**
   * Calls one of the exchange's numbers.
   * @param caller what the caller does once media is open; at its end the caller hangs up.
   * @param options `keepAudio` as for the exchange, for this call
   * @throws OffhookError OFFHOOK_NUMBER_NOT_SERVED when no agent is connected for `to`
   */
  dial(
    to: string,
    caller: CallerScript,
    options?: { readonly from?: string; readonly keepAudio?: boolean },
  ): ExchangeCall;
  /** Decides who answers when the agent calls out. Default: an answer after 1 s by someone who stays silent. */
  onOutbound(answer: (info: OutboundInfo) => CalleeBehaviour): void;
  /** Every call so far that is remembered, oldest first. */
  calls(): readonly ExchangeCall[];
  /** @returns a function that stops listening. */
  on<K extends keyof ExchangeListeners>(event: K, listener: ExchangeListeners[K]): () => void;
  /** Whether an agent is connected for `number`. */
  serves(number: string): boolean;
  readonly faults: ExchangeFaults;
  /** Messages that could not be read, and ones nobody knows. */
  readonly counters: { readonly malformed: number; readonly unknown: number };
}
