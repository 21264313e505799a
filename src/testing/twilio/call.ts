/**
 * @module One call as Twilio carries it: it asks the webhook, follows the document, and its media stream is one verb
 * of it. The caller, the playback queue and the measurements are the exchange's.
 */
import { WebSocket } from 'ws';
import type { CallEvent } from '../../exchange/events.ts';
import type { DelayLine } from '../../exchange/delay-line.ts';
import { createCallFaults } from '../../exchange/faults.ts';
import { createLine } from '../../exchange/line.ts';
import { type Counters, type MediaLink, openMediaLink } from '../../exchange/media.ts';
import { randomHex } from '../../exchange/office.ts';
import type { CallerScript } from '../../exchange/steps.ts';
import type { Ticker } from '../../exchange/ticker.ts';
import type { CallResult, ExchangeCall, FinalStatus } from '../../exchange/types.ts';
import { type CallState, createView } from '../../exchange/view.ts';
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { signRequest } from '../../transport/twilio/signature.ts';
import { createTwilioDialect } from './envelope.ts';
import { readTwiml, type Verb } from './twiml.ts';
import { askWebhook, type WebhookAnswer } from './webhook.ts';

/** What all calls of a stand-in share. */
export interface Carrier {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly wire: DelayLine;
  readonly ticker: Ticker;
  readonly counters: Counters;
  readonly account: string;
  readonly authToken: string;
  /** Time from an answer to the stream's connection, in ms. */
  readonly setupMs: number;
  readonly publicUrl: string;
  readonly webhookPath: string;
  /** Where the server behind the public address really is. */
  readonly target: () => string;
}

export interface CallSeed {
  readonly from: string;
  readonly to: string;
  readonly script: CallerScript;
  readonly keepAudio: boolean;
  /** Set for a stream that no webhook is asked about. */
  readonly stream: Extract<Verb, { verb: 'stream' }> | undefined;
}

/** A call as its carrier holds it. */
export interface LiveCall {
  readonly public: ExchangeCall;
  /** `ended` has settled. */
  readonly over: boolean;
  begin(): void;
  /** Ends at once and tells nobody. */
  abandon(): void;
}

/** Creates a call; nothing is sent before `begin`. */
export function createTwilioCall(carrier: Carrier, seed: CallSeed): LiveCall {
  return new TwilioCall(carrier, seed);
}

class TwilioCall implements LiveCall {
  readonly public: ExchangeCall;
  readonly #carrier: Carrier;
  readonly #seed: CallSeed;
  readonly #id: string;
  readonly #events: CallEvent[] = [];
  readonly #line: ReturnType<typeof createLine>;
  readonly #ended = Promise.withResolvers<CallResult>();
  readonly #state: CallState = {
    status: 'ringing',
    result: undefined,
    answeredAt: undefined,
    endedAt: undefined,
    answeredBy: undefined,
    telemetry: undefined,
    metrics: undefined,
    failure: undefined,
  };
  /** What is left of the document. */
  #verbs: readonly Verb[] = [];
  #media: MediaLink | undefined;
  #socket: WebSocket | undefined;
  #leaveTicker: (() => void) | undefined;
  #abort: (() => void) | undefined;
  #over = false;
  #timer: TimerHandle | undefined;

  constructor(carrier: Carrier, seed: CallSeed) {
    this.#carrier = carrier;
    this.#seed = seed;
    this.#id = `CA${randomHex(carrier.random, 32)}`;
    this.#line = createLine({
      now: () => carrier.clock.now(),
      script: seed.script,
      call: () => this.public,
      emit: (event) => void this.#events.push(event),
      keepAudio: seed.keepAudio,
      output: { frame: (frame) => this.#media?.frame(frame), mark: (name) => this.#media?.mark(name) },
      acts: {
        digit: (digit) => {
          this.#note({ at: this.#now, type: 'digit', from: 'caller', digit });
          this.#media?.digit(digit);
        },
        hangUp: () => this.#end('completed', 'normal_clearing', 'caller'),
        loseNetwork: () => this.#socket?.terminate(),
      },
    });
    this.public = createView({
      ids: { id: this.#id, direction: 'inbound', from: seed.from, to: seed.to, account: carrier.account },
      state: this.#state,
      line: this.#line,
      events: this.#events,
      ended: this.#ended.promise,
      faults: createCallFaults(() => this.#media),
      hangUp: () => {
        const answered = this.#state.answeredAt !== undefined;
        this.#end(answered ? 'completed' : 'canceled', 'normal_clearing', 'caller');
      },
    });
  }

  get over(): boolean {
    return this.#over;
  }

  begin(): void {
    this.#note({ at: this.#now, type: 'offered' });
    if (this.#seed.stream) this.#follow([this.#seed.stream]);
    else this.#ask();
  }

  abandon(): void {
    if (!this.#state.result) this.#conclude('failed', 'carrier_closed', 'platform');
    this.#socket?.terminate();
    this.#settle(this.#state.result!);
  }

  #ask(): void {
    const { clock, account, authToken, publicUrl, webhookPath, target } = this.#carrier;
    const fields = {
      CallSid: this.#id,
      AccountSid: account,
      From: this.#seed.from,
      To: this.#seed.to,
      CallStatus: 'ringing',
      ApiVersion: '2010-04-01',
      Direction: 'inbound',
    };
    const signature = signRequest(authToken, publicUrl + webhookPath, fields);
    this.#abort = askWebhook(
      clock,
      target() + webhookPath,
      new URLSearchParams(fields).toString(),
      { 'x-twilio-signature': signature, 'i-twilio-idempotency-token': randomHex(this.#carrier.random, 32) },
      (answer) => this.#take(answer),
    );
  }

  #take({ status, type, body }: WebhookAnswer): void {
    this.#abort = undefined;
    if (status !== 200) return this.#end('failed', `webhook_${status}`, 'platform');
    if (!/^(?:text|application)\/xml\b/.test(type)) return this.#end('failed', 'no_twiml', 'platform');
    try {
      this.#verbs = readTwiml(body);
    } catch (error) {
      this.#carrier.counters.malformed += 1;
      this.#state.failure = error instanceof Error ? error.message : error;
      return this.#end('failed', 'invalid_twiml', 'platform');
    }
    return this.#follow(this.#verbs);
  }

  /** Runs the first verb; a stream runs until it is closed. */
  #follow([verb, ...rest]: readonly Verb[]): void {
    this.#verbs = rest;
    if (!verb || verb.verb === 'hangup') return this.#end('completed', 'normal_clearing', 'agent');
    if (verb.verb === 'reject') {
      return this.#end(verb.reason === 'busy' ? 'busy' : 'rejected', 'call_rejected', 'agent');
    }
    this.#state.answeredAt = this.#carrier.clock.now();
    this.#state.status = 'in-progress';
    this.#note({ at: this.#now, type: 'answered' });
    this.#timer = this.#carrier.clock.setTimeout(() => this.#connect(verb), this.#carrier.setupMs);
  }

  #connect({ url, parameters }: Extract<Verb, { verb: 'stream' }>): void {
    const { authToken, publicUrl, target } = this.#carrier;
    const from = publicUrl.replace(/^http/, 'ws');
    const address = url.startsWith(from) ? target().replace(/^http/, 'ws') + url.slice(from.length) : url;
    const socket = new WebSocket(address, {
      perMessageDeflate: false,
      headers: { 'x-twilio-signature': signRequest(authToken, url) },
    });
    this.#socket = socket;
    socket.on('open', () => this.#open(socket, parameters));
    socket.on('error', () => {
      if (!this.#media) this.#end('failed', 'stream_error', 'platform');
    });
  }

  #open(socket: WebSocket, parameters: Readonly<Record<string, string>>): void {
    if (this.#state.result) return socket.terminate();
    const { clock, wire, logger, counters, account, random, ticker } = this.#carrier;
    const streamId = `MZ${randomHex(random, 32)}`;
    this.#media = openMediaLink({
      socket,
      wire,
      clock,
      logger,
      counters,
      ids: { streamId, callId: this.#id, accountId: account },
      dialect: createTwilioDialect(streamId, parameters),
      handlers: {
        audio: (bytes) => this.#line.audio(bytes),
        mark: (name) => this.#line.mark(name),
        clear: () => this.#line.clear(),
        digit: () => {},
        closed: (clean) => this.#closed(clean),
      },
    });
    this.#note({ at: this.#now, type: 'mediaOpened' });
    this.#leaveTicker = ticker.join((at) => this.#tick(at));
  }

  #closed(clean: boolean): void {
    this.#media = undefined;
    this.#leaveTicker?.();
    const { result } = this.#state;
    this.#note({ at: this.#now, type: 'mediaClosed', by: result ? 'exchange' : clean ? 'agent' : 'network' });
    if (result) this.#deliver(result);
    else if (clean) this.#follow(this.#verbs);
    else this.#end('failed', 'network_out_of_order', 'platform');
  }

  #end(status: FinalStatus, cause: string, by: CallResult['by']): void {
    if (this.#state.result) return;
    const result = this.#conclude(status, cause, by);
    if (this.#media) this.#media.finish();
    else this.#deliver(result);
  }

  #conclude(status: FinalStatus, cause: string, by: CallResult['by']): CallResult {
    const { clock } = this.#carrier;
    const { answeredAt } = this.#state;
    const duration = answeredAt === undefined ? 0 : Math.round((clock.now() - answeredAt) / 1000);
    const result = { status, duration, cause, by };
    Object.assign(this.#state, { endedAt: clock.now(), result, status });
    clock.clearTimeout(this.#timer);
    this.#abort?.();
    this.#line.stop();
    this.#leaveTicker?.();
    return result;
  }

  #deliver(result: CallResult): void {
    this.#note({ at: this.#now, type: 'ended', status: result.status, duration: result.duration });
    this.#settle(result);
  }

  #settle(result: CallResult): void {
    this.#over = true;
    this.#ended.resolve(result);
  }

  #tick(at: number): void {
    try {
      this.#line.tick(at);
    } catch (error) {
      // A script's own function threw: that ends its call and leaves the others their heartbeat.
      const name = error instanceof Error ? error.name : typeof error;
      this.#carrier.logger.error({ call: this.#id, error: name }, 'a caller script threw');
      this.#end('failed', 'script_failed', 'platform');
    }
  }

  get #now(): number {
    return this.#carrier.clock.now();
  }

  #note(event: CallEvent): void {
    this.#events.push(event);
  }
}
