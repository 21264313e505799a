/**
 * @module One party's line in a Twilio call: the `Leg` the runtime steers. It rings with the webhook, is answered when
 * the media stream starts, and ends with it: there is one media epoch, and hanging up is closing the stream.
 */
import type { Chunk } from '../../audio/chunk.ts';
import type { Logger } from '../../runtime/logger.ts';
import type {
  CallInfo,
  Leg,
  LegCapabilities,
  LegFact,
  LegSink,
  LegStatus,
  TransferRequest,
} from '../contract.ts';
import type { TwilioCounters } from './counters.ts';
import type { Media, MediaEnd, MediaListener } from './media.ts';
import type { Offer, Verdict } from './offer.ts';
import { STREAM_CAPABILITIES, TWILIO_CAPABILITIES } from './settings.ts';

/** What every line of a transport shares. */
export interface LineContext {
  readonly logger: Logger;
  readonly counters: TwilioCounters;
  released(line: Line): void;
}

export class Line implements Leg, MediaListener {
  readonly info: CallInfo;
  readonly can: LegCapabilities;
  readonly #context: LineContext;
  /** The webhook's; undefined for a stream that came by itself. */
  readonly #offer: Offer | undefined;
  #media: Media | undefined;
  #sink: LegSink | undefined;
  /** Facts from before `start`. */
  #backlog: LegFact[] = [];
  #taken = false;
  #started = false;
  #leaving = false;
  #hungUp = false;
  #closed = false;

  constructor(context: LineContext, info: CallInfo, offer?: Offer) {
    this.#context = context;
    this.info = info;
    this.#offer = offer;
    this.can = offer ? TWILIO_CAPABILITIES : STREAM_CAPABILITIES;
  }

  /** The webhook's answer, for one that asks again before the stream has come; undefined after that. */
  get awaited(): Promise<Verdict> | undefined {
    return this.#media || this.#hungUp ? undefined : this.#offer?.verdict;
  }

  start(sink: LegSink): void {
    if (this.#sink || this.#closed) return;
    this.#sink = sink;
    for (const fact of this.#backlog.splice(0)) this.#tell(fact);
  }

  accept(): void {
    if (this.#taken || this.#hungUp || this.#closed) return;
    this.#taken = true;
    this.#offer?.accept();
    this.#begin();
  }

  reject(code: string): void {
    if (this.#hungUp || this.#closed) return;
    this.#turnAway(code === 'busy' || code === 'OFFHOOK_CALL_LIMIT' ? 'busy' : 'rejected');
    this.#hang('agent', 'rejected');
  }

  play(chunk: Chunk): void {
    if (this.#open) this.#open.play(chunk);
    else this.#context.counters.dropped += 1;
  }

  mark(name: string): void {
    this.#open?.mark(name);
  }

  clear(): void {
    this.#open?.clear();
  }

  /** Twilio's streams have no message for it; see `can.digitsOut`. */
  sendDigit(): void {}

  transfer(request: TransferRequest): void {
    if (this.#hungUp || this.#closed) return;
    this.#tell({ type: 'transfer.failed', request: request.request, reason: 'unsupported' });
  }

  hangup(): void {
    if (this.#hungUp || this.#closed || this.#leaving) return;
    if (!this.#taken) {
      this.reject('rejected');
      return;
    }
    this.#leaving = true;
    if (this.#started) {
      this.#media?.finish(() => this.#hang('agent', 'completed'));
      return;
    }
    // Its stream will be turned away when it comes, and the call's document ends behind it.
    this.#offer?.withdraw();
    this.#hang('agent', 'completed');
  }

  /** Twilio has no place for it. */
  notify(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sink = undefined;
    this.#turnAway('rejected');
    this.#context.released(this);
  }

  /** The call's media stream has started. */
  attach(media: Media): void {
    this.#media = media;
    media.listener = this;
    this.#begin();
  }

  onAudio(chunk: Chunk): void {
    // Before it is taken a call is not listened to, although its stream may be there.
    if (this.#started) this.#sink?.audio(chunk);
  }

  onEcho(name: string): void {
    if (this.#started) this.#sink?.mark(name);
  }

  onDigit(key: string): void {
    if (this.#started) this.#sink?.digit(key);
  }

  onEnded(how: MediaEnd): void {
    if (this.#started) this.#tell({ type: 'leg.mediaStopped', epoch: 1, expected: false });
    if (how === 'lost') this.#hang('platform', 'failed', 'OFFHOOK_MEDIA_FAILED');
    else this.#hang('caller', this.#started ? 'completed' : 'canceled');
  }

  /** Nobody took the call or turned it away while its webhook waited. */
  onOverdue(): void {
    this.#hang('platform', 'failed');
  }

  /** The webhook was hung up on: the caller is gone. Once it is answered its end says nothing. */
  onAbandoned(): void {
    if (!this.#offer?.open) return;
    this.#offer.decline('rejected');
    this.#hang('caller', 'canceled');
  }

  /** The call was answered and its stream did not come. */
  onUnopened(): void {
    this.#hang('platform', 'failed', 'OFFHOOK_MEDIA_FAILED');
  }

  get #open(): Media | undefined {
    return this.#started && !this.#hungUp && !this.#closed ? this.#media : undefined;
  }

  #begin(): void {
    if (!this.#taken || !this.#media || this.#started) return;
    this.#started = true;
    this.#tell({ type: 'leg.answered' });
    this.#tell({ type: 'leg.mediaStarted', epoch: 1 });
  }

  /** Nothing was said yet, so there is nothing to wait for. */
  #turnAway(reason: 'rejected' | 'busy'): void {
    this.#offer?.decline(reason);
    this.#offer?.withdraw();
    this.#media?.release();
  }

  /** The stream is all that is heard of a call, so its end is the final word too; billing is not known here. */
  #hang(by: 'caller' | 'platform' | 'agent', status: LegStatus, code?: string): void {
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.#tell({ type: 'leg.hangup', by, status, ...(code === undefined ? {} : { code }) });
    this.#tell({ type: 'leg.ended', status, durationMs: undefined });
  }

  #tell(fact: LegFact): void {
    if (this.#closed) return;
    if (!this.#sink) {
      this.#backlog.push(fact);
      return;
    }
    try {
      this.#sink.fact(fact);
    } catch (error) {
      this.#context.counters.faults += 1;
      const name = error instanceof Error ? error.name : typeof error;
      this.#context.logger.error({ fact: fact.type, error: name }, 'twilio: a leg listener threw');
    }
  }
}
