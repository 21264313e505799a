/**
 * @module One party's line in a ClawOps call: the `Leg` the runtime steers, and the side that control messages and
 * the media connection report to. Leg, media and call are three lifetimes; only `leg.hangup` ends the leg.
 */
import type { Chunk } from '../../audio/chunk.ts';
import type { ErrorCode } from '../../errors.ts';
import type { TimerHandle } from '../../runtime/clock.ts';
import type {
  CallInfo,
  DialRequest,
  Leg,
  LegCapabilities,
  LegSink,
  LegStatus,
  Refusal,
  TransferRequest,
} from '../contract.ts';
import { Reporter } from '../reporter.ts';
import type { LineContext } from './calls.ts';
import { createEarlyAudio, type EarlyAudio } from './early-audio.ts';
import { type Media, type MediaEnd, openMedia } from './media.ts';
import { CLAWOPS_CAPABILITIES } from './settings.ts';
import { PendingTransfers } from './transfers.ts';
import { type TransferStep, writeAccept, writeFailed, writeNotice, writeTransfer } from './wire.ts';

/**
 * The media's end, a transfer's result and the end notice travel separately; this long they may be apart
 * (clawops.md §7, 2.0 s for both graces).
 */
const GRACE = 2_000;

/** A hang-up without media is one REST request; it is reported after this even if no answer came. */
const HANGUP_LIMIT = 5_000;

/** Where a line came from: a call that rings here, or one that is to be placed. */
export type LineOrigin = { readonly mediaUrl: string } | { readonly dial: DialRequest };

export class Line implements Leg {
  readonly can: LegCapabilities = CLAWOPS_CAPABILITIES;
  readonly #context: LineContext;
  readonly #origin: LineOrigin;
  readonly #transfers = new PendingTransfers();
  readonly #early: EarlyAudio;
  readonly #reporter: Reporter;
  #info: CallInfo;
  /** The connection that was opened, to be released in the end. */
  #opened: Media | undefined;
  /** The same while it can be used. */
  #media: Media | undefined;
  #mediaStarted = false;
  #mediaBroke = false;
  /** The platform knows the call by `info.id`. */
  #identified: boolean;
  #rang = false;
  /** Accepted, or answered by the other side. */
  #taken = false;
  #leaving = false;
  #closed = false;
  #timer: TimerHandle | undefined;
  #abortRequest: (() => void) | undefined;

  constructor(context: LineContext, info: CallInfo, origin: LineOrigin) {
    this.#context = context;
    this.#info = info;
    this.#origin = origin;
    this.#early = createEarlyAudio(context.counters);
    const { counters, host } = context;
    this.#reporter = new Reporter({ network: 'clawops', logger: host.logger, counters });
    this.#identified = 'mediaUrl' in origin;
  }

  /** For an outbound call `id` is a provisional one until the platform has named the call. */
  get info(): CallInfo {
    return this.#info;
  }

  start(sink: LegSink): void {
    if (!this.#reporter.open(sink)) return;
    if ('dial' in this.#origin && !this.#over) {
      this.#abortRequest = this.#context.originate(this, this.#origin.dial);
    }
  }

  accept(): void {
    if (!('mediaUrl' in this.#origin) || this.#taken || this.#over) return;
    this.#taken = true;
    this.#context.send(writeAccept(this.#info.id));
    // The token lives 30 s: media opens now, beside whatever else has to be set up.
    this.#openMedia(this.#origin.mediaUrl);
  }

  /** The platform has one way to turn a call away, whatever the cause; it takes the code. */
  reject({ code, message }: Refusal): void {
    if (this.#over) return;
    if (this.#identified) this.#fail(code, message);
    this.#media?.release();
    this.#hang('agent', 'rejected');
  }

  play(chunk: Chunk): boolean {
    const outlet = this.#outlet;
    if (outlet) return outlet.play(chunk);
    this.#context.counters.dropped += 1;
    return false;
  }

  mark(name: string): void {
    this.#outlet?.mark(name);
  }

  clear(): void {
    this.#outlet?.clear();
  }

  async sendDigits(keys: string): Promise<ErrorCode | undefined> {
    if (this.#over) return 'OFFHOOK_CALL_ENDED';
    if (!/^[0-9*#]*$/.test(keys)) return 'OFFHOOK_OPTION_INVALID';
    if (!this.#media || !this.#mediaStarted) return 'OFFHOOK_CALL_STATE';
    for (const key of keys) this.#media.digit(key);
    return undefined;
  }

  transfer(request: TransferRequest): void {
    if (this.#over) return;
    const wireId = this.#context.newId();
    this.#transfers.add(wireId, request);
    const reason = this.#taken ? this.#askTransfer(request, wireId) : 'not-connected';
    if (reason === undefined || this.#transfers.settle(wireId) === undefined) return;
    this.#reporter.tell({ type: 'transfer.failed', request: request.request, reason });
  }

  hangup(): void {
    if (this.#over || this.#leaving) return;
    this.#leaving = true;
    if (this.#media && this.#mediaStarted) {
      this.#media.finish(() => this.#hang('agent', this.#reporter.ended ?? 'completed'));
    } else if (this.#media) {
      // Nothing was said yet, so there is nothing to wait for; a socket that never opens would be waited for in vain.
      this.#media.release();
      this.#fail('AgentHangup', 'hung up before media was open');
      this.#hang('agent', 'completed');
    } else if (!this.#taken && 'mediaUrl' in this.#origin) {
      this.#fail('AgentHangup', 'hung up before the call was taken');
      this.#hang('agent', 'rejected');
    } else {
      this.#arm(HANGUP_LIMIT, () => this.#leave());
      if (this.#identified) this.#endByRest();
      else if (!this.#abortRequest) this.#leave();
    }
  }

  notify(kind: 'telemetry' | 'metrics', body: Readonly<Record<string, unknown>>): void {
    if (!this.#identified || this.#closed) return;
    try {
      this.#context.send(writeNotice(kind, this.#info.id, body));
    } catch {
      // A body that is no JSON is the caller's mistake, and no reason to lose a call.
      this.#context.counters.faults += 1;
    }
  }

  close(): void {
    if (this.#closed) return;
    // Nobody is going to answer it any more: without a word the caller would listen to nothing for 30 s.
    const waits = this.#taken || 'mediaUrl' in this.#origin;
    if (waits && !this.#mediaStarted && !this.#reporter.over) {
      this.#fail('AgentClosed', 'closed before media was open');
    }
    this.#closed = true;
    this.#reporter.close();
    this.#context.clock.clearTimeout(this.#timer);
    this.#abortRequest?.();
    this.#opened?.release();
    this.#context.released(this);
  }

  /** The platform has queued the call under `id`. */
  onPlaced(id: string): void {
    this.#abortRequest = undefined;
    this.#info = { ...this.#info, id };
    this.#identified = true;
    if (this.#leaving) this.#endByRest();
  }

  /** The platform did not place the call. */
  onRefused(code: ErrorCode): void {
    this.#abortRequest = undefined;
    // A call it does not know is not heard of again.
    this.#reporter.settled(this.#leaving ? 'canceled' : 'failed', undefined);
    if (this.#leaving) this.#leave();
    else this.#hang('platform', 'failed', code);
  }

  onRinging(): void {
    if (this.#rang || this.#taken || this.#reporter.over || 'mediaUrl' in this.#origin) {
      this.#context.counters.stale += 1;
      return;
    }
    this.#rang = true;
    this.#reporter.tell({ type: 'leg.ringing' });
  }

  onReady(mediaUrl: string): void {
    if (this.#taken || this.#reporter.over || this.#leaving || 'mediaUrl' in this.#origin) {
      this.#context.counters.stale += 1;
      return;
    }
    this.#taken = true;
    this.#reporter.tell({ type: 'leg.answered' });
    // Whoever is told may hang up at once.
    if (!this.#leaving && !this.#closed) this.#openMedia(mediaUrl);
  }

  onEnded(status: LegStatus, durationMs: number | undefined): void {
    if (!this.#reporter.settled(status, durationMs)) {
      this.#context.counters.stale += 1;
      return;
    }
    if (this.#reporter.over) return;
    this.#media?.release();
    this.#media = undefined;
    this.#reporter.mediaStopped(false);
    if (this.#transfers.size > 0) this.#arm(GRACE, () => this.#hangAfterEnd());
    else this.#hangAfterEnd();
  }

  /** True if the step belongs to a transfer of this call. */
  onTransfer(step: TransferStep, wireId: string | undefined, reason: string): boolean {
    if (step === 'started') return wireId === undefined || this.#transfers.has(wireId);
    const request = step === 'connected' ? this.#transfers.bridge(wireId) : this.#transfers.settle(wireId);
    if (request === undefined) return false;
    if (step === 'connected') {
      this.#reporter.tell({ type: 'transfer.bridged', request });
      return true;
    }
    this.#reporter.tell(
      step === 'completed'
        ? { type: 'transfer.completed', request }
        : { type: 'transfer.failed', request, reason },
    );
    this.#afterTransfer();
    return true;
  }

  ownsTransfer(wireId: string): boolean {
    return this.#transfers.has(wireId);
  }

  /** The control connection is closed on purpose: no word about the call will come any more. */
  onUnlinked(): void {
    this.#drainTransfers('canceled');
    this.#afterTransfer();
  }

  /** Why the request could not be sent; undefined if it was. */
  #askTransfer(request: TransferRequest, wireId: string): string | undefined {
    try {
      const sent = this.#context.send(writeTransfer(this.#info.id, request, wireId));
      return sent ? undefined : 'not-connected';
    } catch {
      // A context that is no JSON. No port method throws.
      this.#context.counters.faults += 1;
      return 'invalid-context';
    }
  }

  #openMedia(url: string): void {
    this.#context.warnInsecure(url);
    const { clock, counters, host } = this.#context;
    this.#opened = openMedia({
      url,
      clock,
      counters,
      logger: host.logger,
      listener: {
        started: () => this.#onMediaStarted(),
        audio: (chunk) => this.#reporter.sink?.audio(chunk),
        mark: (name) => this.#reporter.sink?.mark(name),
        digit: (key) => this.#reporter.sink?.digit(key),
        ended: (how) => this.#onMediaEnded(how),
      },
    });
    this.#media = this.#opened;
  }

  /** Where audio goes: kept until media has started, then out. */
  get #outlet(): Pick<Media, 'play' | 'mark' | 'clear'> | undefined {
    if (this.#mediaStarted) return this.#media;
    return this.#taken && !this.#reporter.over ? this.#early : undefined;
  }

  get #over(): boolean {
    return this.#closed || this.#reporter.over;
  }

  #onMediaStarted(): void {
    this.#mediaStarted = true;
    if (this.#media) this.#early.pour(this.#media);
    if ('mediaUrl' in this.#origin) this.#reporter.tell({ type: 'leg.answered' });
    this.#reporter.mediaStarted();
  }

  #onMediaEnded(how: MediaEnd): void {
    this.#media = undefined;
    if (how === 'unopened') {
      this.#context.host.logger.error({ call: this.#info.id }, 'clawops: media could not be opened');
      this.#fail('MediaFailed', 'the media connection could not be opened');
      this.#hang('platform', 'failed', 'OFFHOOK_MEDIA_FAILED');
      return;
    }
    const expected = this.#transfers.takesMedia;
    this.#mediaBroke = how === 'lost' && !expected;
    this.#reporter.mediaStopped(expected);
    if (!expected) this.#arm(GRACE, () => this.#hangAfterEnd());
  }

  /** With media gone and nothing to wait for, the line is over: at the end notice, or shortly without it. */
  #afterTransfer(): void {
    if (!this.#taken || this.#media || this.#reporter.over || this.#transfers.size > 0) return;
    if (this.#reporter.ended !== undefined) this.#hangAfterEnd();
    else this.#arm(GRACE, () => this.#hangAfterEnd());
  }

  /** Says who ended the call, as far as it can be known from the order of events. */
  #hangAfterEnd(): void {
    const status = this.#reporter.ended ?? (this.#mediaBroke ? 'failed' : 'completed');
    this.#drainTransfers('call-ended');
    if (this.#leaving) this.#hang('agent', status);
    else if (this.#mediaBroke) this.#hang('platform', status, 'OFFHOOK_MEDIA_FAILED');
    else if (status === 'failed' || ('dial' in this.#origin && !this.#taken)) this.#hang('platform', status);
    else this.#hang('caller', status);
  }

  /** Results that will not come: a bridge that stood was a transfer, anything less was not. */
  #drainTransfers(reason: string): void {
    for (const { request, bridged } of this.#transfers.drain()) {
      if (bridged) this.#reporter.tell({ type: 'transfer.completed', request });
      else this.#reporter.tell({ type: 'transfer.failed', request, reason });
    }
  }

  #endByRest(): void {
    const path = `/calls/${encodeURIComponent(this.#info.id)}`;
    this.#abortRequest = this.#context.rest.post(path, { Status: 'completed' }, () => {
      this.#abortRequest = undefined;
      this.#leave();
    });
  }

  #leave(): void {
    this.#hang('agent', this.#reporter.ended ?? (this.#taken ? 'completed' : 'canceled'));
  }

  #fail(reason: string, message: string): void {
    this.#context.send(writeFailed(this.#info.id, reason, message));
  }

  #hang(by: 'caller' | 'platform' | 'agent', status: LegStatus, code?: ErrorCode): void {
    this.#media = undefined;
    this.#context.clock.clearTimeout(this.#timer);
    this.#drainTransfers('call-ended');
    this.#reporter.hungUp(by, status, code);
  }

  #arm(ms: number, run: () => void): void {
    // A fact may have led to close() while we were still at it.
    if (this.#closed) return;
    this.#context.clock.clearTimeout(this.#timer);
    this.#timer = this.#context.clock.setTimeout(run, ms);
  }
}
