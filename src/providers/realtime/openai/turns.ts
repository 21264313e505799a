/**
 * @module The caller's turns. In model turns every item that the vendor commits is a turn of its own; in runtime
 * turns the items since the last answer are one turn, which `commit` closes once they have been transcribed.
 */
import type { Clock, TimerHandle } from '../../../runtime/clock.ts';
import type { SessionFact, SessionWords } from '../../contract.ts';

/** How long `commit` waits for transcripts: the session contract's limit, since a reply waits for it. */
export const COMMIT_LIMIT = 1_000;

interface Spoken {
  text: string;
  /** The vendor has put it into the conversation. */
  committed: boolean;
  /** No better text will come. */
  final: boolean;
  /** A transcript came, be it an empty one. */
  transcribed: boolean;
}

interface Turn {
  readonly name: string;
  readonly items: Map<string, Spoken>;
  /** `turn.committed` has been reported. */
  closed: boolean;
}

export interface TurnsHost {
  readonly by: 'model' | 'runtime';
  /** Whether transcripts will come; without them being committed is all there is to wait for. */
  readonly transcribes: boolean;
  readonly clock: Clock;
  readonly fact: (fact: SessionFact) => void;
  readonly wrote: (words: SessionWords) => void;
}

/** The turns of one connection. */
export class Turns {
  readonly #host: TurnsHost;
  readonly #turns = new Map<string, Turn>();
  /** Runtime turns: what has been said since the last answer. */
  #open: Turn | undefined;
  #waiting: TimerHandle | undefined;
  #empty = 0;

  constructor(host: TurnsHost) {
    this.#host = host;
  }

  /** The vendor has put an item of caller audio into the conversation. */
  committed(item: string): void {
    const turn = this.#turnOf(item);
    const spoken = turn.items.get(item)!;
    spoken.committed = true;
    if (!this.#host.transcribes) spoken.final = true;
    if (this.#host.by === 'model') this.#report(turn);
    this.#review(item, turn);
  }

  /** A further piece of an item's transcript. */
  transcribing(item: string, delta: string): void {
    const turn = this.#turnOf(item);
    turn.items.get(item)!.text += delta;
    this.#write(turn, false);
  }

  /** The transcript of an item stands; undefined where there will be none. */
  transcribed(item: string, text: string | undefined): void {
    const turn = this.#turnOf(item);
    const spoken = turn.items.get(item)!;
    spoken.text = text ?? spoken.text;
    spoken.transcribed = text !== undefined;
    spoken.final = true;
    this.#write(turn, isFinal(turn));
    this.#review(item, turn);
  }

  /** Runtime turns: answer with `turn.committed` as soon as the open turn is known, at the latest in 1 s. */
  commit(): void {
    if (this.#host.by === 'model' || this.#waiting) return;
    if (this.#open && isKnown(this.#open)) this.#answer();
    else this.#waiting = this.#host.clock.setTimeout(() => this.#answer(), COMMIT_LIMIT);
  }

  /** The vendor had nothing to commit: answer now with what there is. */
  refused(): void {
    if (this.#waiting) this.#answer();
  }

  close(): void {
    this.#host.clock.clearTimeout(this.#waiting);
    this.#waiting = undefined;
  }

  #turnOf(item: string): Turn {
    const known = this.#turns.get(item);
    if (known) return known;
    const turn = this.#open ?? { name: item, items: new Map(), closed: false };
    turn.items.set(item, { text: '', committed: false, final: false, transcribed: false });
    this.#turns.set(item, turn);
    if (this.#host.by === 'runtime') this.#open = turn;
    return turn;
  }

  #answer(): void {
    this.close();
    const turn = this.#open ?? { name: `empty_${(this.#empty += 1)}`, items: new Map(), closed: false };
    this.#open = undefined;
    // What is missing may still come and then replaces this.
    if (!isFinal(turn)) this.#write(turn, true);
    this.#report(turn);
  }

  #report(turn: Turn): void {
    turn.closed = true;
    this.#host.fact({ type: 'turn.committed', turn: turn.name, chars: this.#charsOf(turn) });
  }

  /** In runtime turns what was committed and not transcribed is speech all the same: at least one character. */
  #charsOf(turn: Turn): number {
    const { length } = textOf(turn);
    if (length > 0 || this.#host.by === 'model') return length;
    for (const entry of turn.items.values()) if (entry.committed && !entry.transcribed) return 1;
    return 0;
  }

  #review(item: string, turn: Turn): void {
    if (this.#waiting && this.#open && isKnown(this.#open)) this.#answer();
    if (turn.closed && isKnown(turn)) this.#turns.delete(item);
  }

  #write(turn: Turn, final: boolean): void {
    const text = textOf(turn);
    if (text !== '') this.#host.wrote({ kind: 'user', turn: turn.name, text, final });
  }
}

function textOf(turn: Turn): string {
  const texts: string[] = [];
  for (const { text } of turn.items.values()) if (text !== '') texts.push(text.trim());
  return texts.join(' ');
}

function isFinal(turn: Turn): boolean {
  for (const entry of turn.items.values()) if (!entry.final) return false;
  return true;
}

/** Everything that was said is in the conversation and transcribed. */
function isKnown(turn: Turn): boolean {
  for (const entry of turn.items.values()) if (!entry.final || !entry.committed) return false;
  return true;
}
