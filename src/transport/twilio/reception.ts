/**
 * @module Where calls come in: a webhook makes a line ring, and the media stream it is answered with comes back with
 * the line's token. A stream that nobody announced is closed, unless any stream is welcome.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { CallInfo, TransportHost } from '../contract.ts';
import type { TwilioCounters } from './counters.ts';
import type { StreamStart } from './frame.ts';
import { Line, type LineContext } from './leg.ts';
import { Media, POLICY, UNSUPPORTED } from './media.ts';
import { createOffer, type Verdict } from './offer.ts';
import type { TwilioSettings } from './settings.ts';
import { createTickets, type Tickets } from './tickets.ts';

/** Parameter of the stream that carries the token. */
export const TOKEN = 'token';

/** What stands in for a number that nobody told. */
const UNKNOWN = 'unknown';

/** Calls remembered once they have rung: half an hour's worth on a line with two calls a second. */
const MOST_REMEMBERED = 4096;

/** A call as its webhook describes it. */
export interface AnnouncedCall {
  readonly callSid: string;
  readonly from: string;
  readonly to: string;
  /** It has not been answered yet, so this is the first that is heard of it. */
  readonly ringing: boolean;
}

export interface ReceptionOptions {
  readonly host: TransportHost;
  readonly settings: TwilioSettings;
  readonly counters: TwilioCounters;
  readonly createToken: () => string;
}

export class Reception implements LineContext {
  readonly logger: TransportHost['logger'];
  readonly counters: TwilioCounters;
  readonly #options: ReceptionOptions;
  readonly #tickets: Tickets<Line>;
  readonly #lines = new Map<string, Line>();
  /** Every media connection that is open, with or without a line. */
  readonly #streams = new Set<Media>();
  /** A signature holds no time (carriers.md §6.1): a ringing call that rings again is a recording of it. */
  readonly #past = new Set<string>();
  #closed = false;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.logger = options.host.logger;
    this.counters = options.counters;
    this.#tickets = createTickets(options.host.clock, options.createToken);
  }

  /** A webhook asks what to do with a call. @param signal aborted when nobody waits for the answer any more */
  async announce(call: AnnouncedCall, signal: AbortSignal): Promise<Verdict> {
    const { numbers } = this.#options.settings;
    const known = this.#lines.get(call.callSid);
    if (known?.awaited) return known.awaited;
    if (numbers && !numbers.has(call.to)) {
      this.counters.refused += 1;
      return { reject: 'rejected' };
    }
    if (known || (call.ringing && this.#past.has(call.callSid))) {
      this.counters.stale += 1;
      return { reject: 'rejected' };
    }
    return this.#ring(call, signal);
  }

  /** A media connection was accepted. */
  open(socket: WebSocket, stream: Duplex): void {
    const { host, counters } = this.#options;
    this.#streams.add(
      new Media({
        socket,
        stream,
        counters,
        clock: host.clock,
        logger: host.logger,
        admit: (start, media) => this.#admit(start, media),
        closed: (media) => void this.#streams.delete(media),
      }),
    );
  }

  /** Takes no more calls; those that have a line keep it. @returns whether any do */
  close(): boolean {
    this.#closed = true;
    for (const media of this.#streams) if (!media.listener) media.release();
    return this.#lines.size > 0;
  }

  released(line: Line): void {
    if (this.#lines.get(line.info.id) === line) this.#lines.delete(line.info.id);
  }

  async #ring(call: AnnouncedCall, signal: AbortSignal): Promise<Verdict> {
    this.#remember(call.callSid);
    const offer = createOffer({
      clock: this.#options.host.clock,
      tokens: {
        issue: () => this.#tickets.issue(line, () => this.#missed(line)),
        revoke: (token) => this.#tickets.revoke(token),
      },
      overdue: () => line.onOverdue(),
    });
    const line: Line = new Line(this, describe(call.callSid, call.from, call.to), offer);
    signal.addEventListener('abort', () => line.onAbandoned(), { once: true });
    try {
      this.#incoming(line);
    } catch (error) {
      this.counters.faults += 1;
      const name = error instanceof Error ? error.name : typeof error;
      this.logger.error({ call: call.callSid, error: name }, 'twilio: nobody could be told of a call');
    }
    return offer.verdict;
  }

  #admit(start: StreamStart, media: Media): number | undefined {
    const { parameters, callSid } = start;
    const line = this.#tickets.redeem(parameters[TOKEN], ({ info }) => info.id === callSid);
    if (!start.isUlaw) {
      this.logger.error({ call: callSid }, 'twilio: a media stream is not 8 kHz mu-law and was closed');
      line?.onUnopened();
      return UNSUPPORTED;
    }
    if (line) {
      line.attach(media);
      return undefined;
    }
    if (this.#closed || !this.#options.settings.anyStream || this.#lines.has(callSid)) {
      this.logger.warn(
        { call: callSid },
        'twilio: a media stream brought no token that is waited for and was closed',
      );
      return POLICY;
    }
    const from = parameters.from ?? parameters.From ?? UNKNOWN;
    const stranger = new Line(this, describe(callSid, from, parameters.to ?? parameters.To ?? UNKNOWN));
    stranger.attach(media);
    this.#incoming(stranger);
    return undefined;
  }

  #incoming(line: Line): void {
    this.#lines.set(line.info.id, line);
    try {
      this.#options.host.incoming(line);
    } catch (error) {
      line.close();
      throw error;
    }
  }

  #missed(line: Line): void {
    this.counters.unopened += 1;
    this.logger.warn(
      { call: line.info.id },
      'twilio: an answered call opened no media stream; is `publicUrl` where Twilio reaches this server?',
    );
    line.onUnopened();
  }

  #remember(callSid: string): void {
    this.#past.add(callSid);
    if (this.#past.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#past) {
      this.#past.delete(oldest);
      break;
    }
  }
}

function describe(id: string, from: string, to: string): CallInfo {
  return {
    id,
    transport: 'twilio',
    direction: 'inbound',
    from,
    to,
    callerIdRestricted: isRestricted(from),
  };
}

/** How Twilio writes a caller who does not want to be known (carriers.md §3.1, §7): it spells ANONYMOUS in digits. */
function isRestricted(from: string): boolean {
  return from === '' || from === '+266696687' || /^(?:sip:|client:)?anonymous(?:@|$)/i.test(from);
}
