/**
 * @module One party's line in a Twilio call: the `Leg` the runtime steers. It rings with the webhook, is answered when
 * the media stream starts, and ends with it: there is one media epoch, and hanging up is closing the stream.
 */
import type { Chunk } from '../../audio/chunk.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type {
  CallInfo,
  Leg,
  LegCapabilities,
  LegSink,
  LegStatus,
  Refusal,
  TransferRequest,
} from '../contract.ts';
import { Reporter } from '../reporter.ts';
import type { TwilioCounters } from './counters.ts';
import type { Media, MediaEnd, MediaListener } from './media.ts';
import type { Offer, Verdict } from './offer.ts';
import { TWILIO_CAPABILITIES } from './settings.ts';

/** What every line of a transport shares. */
export interface LineContext {
  readonly logger: Logger;
  readonly counters: TwilioCounters;
  released(line: Line): void;
}

export class Line implements Leg, MediaListener {
  readonly info: CallInfo;
  readonly can: LegCapabilities = TWILIO_CAPABILITIES;
  readonly #context: LineContext;
  readonly #reporter: Reporter;
  /** The webhook's; undefined for a stream that came by itself. */
  readonly #offer: Offer | undefined;
  #media: Media | undefined;
  #taken = false;
  #started = false;
  #leaving = false;
  #closed = false;

  constructor(context: LineContext, info: CallInfo, offer?: Offer) {
    this.#context = context;
    this.#reporter = new Reporter({ network: 'twilio', logger: context.logger, counters: context.counters });
    this.info = info;
    this.#offer = offer;
  }

  /** The webhook's answer, for one that asks again before the stream has come; undefined after that. */
  get awaited(): Promise<Verdict> | undefined {
    return this.#media || this.#reporter.over ? undefined : this.#offer?.verdict;
  }

  start(sink: LegSink): void {
    this.#reporter.open(sink);
    if (this.#started) this.#listen();
  }

  accept(): void {
    if (this.#taken || this.#over) return;
    this.#taken = true;
    this.#offer?.accept();
    this.#begin();
  }

  reject({ cause }: Pick<Refusal, 'cause'>): void {
    if (this.#over) return;
    this.#turnAway(cause);
    this.#hang('agent', 'rejected');
  }

  play(chunk: Chunk): boolean {
    if (this.#open) return this.#open.play(chunk);
    this.#context.counters.dropped += 1;
    return false;
  }

  mark(name: string): void {
    this.#open?.mark(name);
  }

  clear(): void {
    this.#open?.clear();
  }

  /** Twilio's streams have no message for it. */
  async sendDigits(): Promise<ErrorCode> {
    return 'OFFHOOK_CAPABILITY_MISSING';
  }

  transfer({ request }: TransferRequest): void {
    this.#reporter.tell({ type: 'transfer.failed', request, reason: 'OFFHOOK_CAPABILITY_MISSING' });
  }

  hangup(): void {
    if (this.#over || this.#leaving) return;
    if (!this.#taken) {
      this.reject({ cause: 'rejected' });
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
    if (this.#media) this.#media.ear = undefined;
    this.#reporter.close();
    this.#turnAway('rejected');
    this.#context.released(this);
  }

  /** The call's media stream has started. */
  attach(media: Media): void {
    this.#media = media;
    media.listener = this;
    this.#begin();
  }

  onEcho(name: string): void {
    if (this.#started) this.#reporter.sink?.mark(name);
  }

  onDigit(key: string): void {
    if (this.#started) this.#reporter.sink?.digit(key);
  }

  onEnded(how: MediaEnd): void {
    this.#reporter.mediaStopped(false);
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
    return this.#started && !this.#over ? this.#media : undefined;
  }

  get #over(): boolean {
    return this.#closed || this.#reporter.over;
  }

  #begin(): void {
    if (!this.#taken || !this.#media || this.#started) return;
    this.#started = true;
    this.#listen();
    this.#reporter.tell({ type: 'leg.answered' });
    this.#reporter.mediaStarted();
  }

  /** Audio goes past this leg, which would be one more thing to fetch for each frame. */
  #listen(): void {
    if (this.#media) this.#media.ear = this.#reporter.sink?.audio;
  }

  /** Nothing was said yet, so there is nothing to wait for. */
  #turnAway(reason: 'rejected' | 'busy'): void {
    this.#offer?.decline(reason);
    this.#offer?.withdraw();
    this.#media?.release();
  }

  /** The stream is all that is heard of a call, so its end is the final word too; billing is not known here. */
  #hang(by: 'caller' | 'platform' | 'agent', status: LegStatus, code?: ErrorCode): void {
    this.#reporter.hungUp(by, status, code);
    this.#reporter.settled(status, undefined);
  }
}
