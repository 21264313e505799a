/**
 * @module A stand-in for Twilio's voice network: it asks the webhook about a call, opens the media stream the answer
 * names, and carries a scripted caller over it in any clock's time, with a real playback queue, marks and clears.
 */
import { createDelayLine } from '../../exchange/delay-line.ts';
import { forgetOldest, KEPT } from '../../exchange/forget.ts';
import type { CallerScript } from '../../exchange/steps.ts';
import { createTicker } from '../../exchange/ticker.ts';
import type { ExchangeCall } from '../../exchange/types.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type Logger, silentLogger } from '../../runtime/logger.ts';
import { type Carrier, createTwilioCall, type LiveCall } from './call.ts';

export interface TwilioStandInOptions {
  readonly clock: Clock;
  /** A number in [0, 1); seed it and ids repeat. */
  readonly random: () => number;
  /** What requests are signed with. */
  readonly authToken: string;
  /** The address the number's webhook points at, as the agent's `publicUrl`. */
  readonly publicUrl: string;
  /** Where the server behind that address really is, such as `http://127.0.0.1:8080`. */
  readonly target: () => string;
  /** Default `/voice/incoming`. */
  readonly webhookPath?: string;
  readonly logger?: Logger;
  /** One-way delay of everything the stand-in sends on a stream, in ms. Default 5. */
  readonly latencyMs?: number;
  /** From the webhook's answer to the stream's connection, in ms. Default 200. */
  readonly setupMs?: number;
  /** Keep `heard` and `spoken`. Default true. */
  readonly keepAudio?: boolean;
  /** Calls that are remembered; the oldest that are over go first. Default 1000. */
  readonly keepCalls?: number;
}

export interface TwilioDial {
  readonly from?: string;
  readonly to?: string;
  /** Connects a stream at this path without asking a webhook, with these parameters. */
  readonly stream?: { readonly path: string; readonly parameters?: Readonly<Record<string, string>> };
}

export interface TwilioStandIn {
  /** Calls the number. @param caller what the caller does once media is open; at its end the caller hangs up */
  dial(caller: CallerScript, options?: TwilioDial): ExchangeCall;
  /** Every call so far that is remembered, oldest first. */
  calls(): readonly ExchangeCall[];
  /** Messages of the agent that could not be read or were for another stream, and ones nobody knows. */
  readonly counters: { readonly malformed: number; readonly unknown: number };
  /** Ends every call at once. Idempotent. */
  close(): void;
}

/**
 * Creates a stand-in for Twilio. Calls are what the exchange's are: `heard`, `spoken`, `events`, `faults`.
 * @example
 * const carrier = createTwilioStandIn({ clock, random, authToken, publicUrl, target: () => `http://127.0.0.1:${phone.port}` });
 * const call = carrier.dial([waitForAgent(), say(question), waitForAgent(), hangUp()]);
 */
export function createTwilioStandIn(options: TwilioStandInOptions): TwilioStandIn {
  const { clock, publicUrl } = options;
  const calls: LiveCall[] = [];
  const carrier: Carrier = {
    clock,
    publicUrl,
    random: options.random,
    authToken: options.authToken,
    target: options.target,
    webhookPath: options.webhookPath ?? '/voice/incoming',
    logger: options.logger ?? silentLogger,
    wire: createDelayLine(clock, options.latencyMs ?? 5),
    ticker: createTicker(clock),
    counters: { malformed: 0, unknown: 0 },
    account: `AC${'0'.repeat(32)}`,
    setupMs: options.setupMs ?? 200,
  };
  return {
    dial(script, { from = '+821012345678', to = '+827012340001', stream } = {}) {
      const call = createTwilioCall(carrier, {
        from,
        to,
        script,
        keepAudio: options.keepAudio ?? true,
        stream: stream && {
          verb: 'stream',
          url: publicUrl.replace(/^http/, 'ws') + stream.path,
          parameters: stream.parameters ?? {},
        },
      });
      calls.push(call);
      forgetOldest(calls, options.keepCalls ?? KEPT, ({ over }) => over);
      call.begin();
      return call.public;
    },
    calls: () => calls.map((call) => call.public),
    counters: carrier.counters,
    close() {
      for (const call of calls) call.abandon();
      carrier.ticker.stop();
      carrier.wire.stop();
    },
  };
}
