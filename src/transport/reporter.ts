/**
 * @module Where a leg's facts go, whatever the network: kept until somebody listens, none lost to a listener that
 * throws, and the last ones in their one order: the end of media, the hang-up, the platform's final word.
 */
import type { Logger } from '../runtime/logger.ts';
import type { LegFact, LegSink, LegStatus } from './contract.ts';

type Hangup = Extract<LegFact, { type: 'leg.hangup' }>;

export interface ReporterOptions {
  /** Names the network in the log. */
  readonly network: string;
  readonly logger: Logger;
  /** `faults`: what a listener threw. */
  readonly counters: { faults: number };
}

export class Reporter {
  readonly #options: ReporterOptions;
  #sink: LegSink | undefined;
  /** Facts from before `open`. */
  #backlog: LegFact[] = [];
  #epoch = 0;
  #flowing = false;
  #finalWord: Extract<LegFact, { type: 'leg.ended' }> | undefined;
  #over = false;
  #closed = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Where audio, marks and keys go; undefined before `open` and after `close`. */
  get sink(): LegSink | undefined {
    return this.#sink;
  }

  /** The hang-up was told. */
  get over(): boolean {
    return this.#over;
  }

  /** The status of the platform's final word, if it has been spoken. */
  get ended(): LegStatus | undefined {
    return this.#finalWord?.status;
  }

  /** Delivers what was kept, then everything else. @returns false if somebody listens already, or nobody may */
  open(sink: LegSink): boolean {
    if (this.#sink || this.#closed) return false;
    this.#sink = sink;
    while (this.#backlog.length > 0) this.#pass(sink, this.#backlog.shift()!);
    return true;
  }

  /** A fact that has no order of its own to keep. */
  tell(
    fact: Exclude<LegFact, { type: 'leg.mediaStarted' | 'leg.mediaStopped' | 'leg.hangup' | 'leg.ended' }>,
  ): void {
    if (!this.#over) this.#deliver(fact);
  }

  /** The next media connection of the leg is up. */
  mediaStarted(): void {
    if (this.#over || this.#flowing) return;
    this.#epoch += 1;
    this.#flowing = true;
    this.#deliver({ type: 'leg.mediaStarted', epoch: this.#epoch });
  }

  /** The far end took it away. */
  mediaStopped(expected: boolean): void {
    if (this.#over || !this.#flowing) return;
    this.#flowing = false;
    this.#deliver({ type: 'leg.mediaStopped', epoch: this.#epoch, expected });
  }

  /** The line is gone: once, and then the final word if there is one. */
  hungUp(by: Hangup['by'], status: LegStatus, code?: Hangup['code']): void {
    if (this.#over) return;
    this.#over = true;
    this.#deliver({ type: 'leg.hangup', by, status, ...(code === undefined ? {} : { code }) });
    if (this.#finalWord) this.#deliver(this.#finalWord);
  }

  /** The platform's final word, told when the line is gone. @returns false if it has spoken before */
  settled(status: LegStatus, durationMs: number | undefined): boolean {
    if (this.#finalWord) return false;
    this.#finalWord = { type: 'leg.ended', status, durationMs };
    if (this.#over) this.#deliver(this.#finalWord);
    return true;
  }

  /** No fact follows. */
  close(): void {
    this.#closed = true;
    this.#sink = undefined;
    this.#backlog = [];
  }

  #deliver(fact: LegFact): void {
    if (this.#closed) return;
    // Also while what was kept is being delivered: it comes first.
    if (!this.#sink || this.#backlog.length > 0) this.#backlog.push(fact);
    else this.#pass(this.#sink, fact);
  }

  #pass(sink: LegSink, fact: LegFact): void {
    try {
      sink.fact(fact);
    } catch (error) {
      const { counters, logger, network } = this.#options;
      counters.faults += 1;
      const name = error instanceof Error ? error.name : typeof error;
      logger.error({ fact: fact.type, error: name }, `${network}: a leg listener threw`);
    }
  }
}
