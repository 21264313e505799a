/**
 * @module The only state of the translation: which response is which generation, what audio its items hold,
 * and which of our events asked for it. One map per connection, since the vendor's ids die with it.
 */

/** One audio item of a response. */
export interface Item {
  readonly id: string;
  /** Audio received so far in ms, audio that came too late to be played included. */
  ms: number;
}

/** One response of the vendor. */
export interface Generation {
  readonly gen: number;
  readonly response: string;
  readonly request: number | undefined;
  /** In the order in which they began to sound. */
  items: readonly Item[];
  /** Audio passed on, in ms. */
  audioMs: number;
  /** Tool calls passed on. */
  tools: number;
  /** The caller began to speak during it and the vendor's detector cancels it. */
  interrupted: boolean;
  /** Ordered to end: what still comes of it is dropped. */
  cut: boolean;
  /** `response.done` has come. */
  done: boolean;
}

/** What a client event was for; an error that names the event is judged by it. */
export type Purpose = 'session' | 'update' | 'response' | 'cancel' | 'truncate' | 'item' | 'commit';

// Truncation comes within seconds of the end of a response; this many cover minutes of conversation.
const KEPT = 64;

const EVENT = /^offhook_([a-z]+)_\d+$/;

/** The map of one connection; keeps the newest 64 responses. */
export class Ids {
  /** In the order in which they began; what is looked for is nearly always the last. */
  readonly #responses: Generation[] = [];
  readonly #requests: { readonly event: string; readonly request: number }[] = [];
  readonly #calls: string[] = [];
  #events = 0;

  /** Names a client event. With `request` it is remembered until it is answered or settled. */
  event(purpose: Purpose, request?: number): string {
    const id = `offhook_${purpose}_${(this.#events += 1)}`;
    if (request !== undefined) this.#requests.push({ event: id, request });
    return id;
  }

  /** What the event with this id was for; undefined where it is not ours. */
  purpose(event: string): Purpose | undefined {
    return EVENT.exec(event)?.[1] as Purpose | undefined;
  }

  /** The request behind an event id, once. */
  settle(event: string): number | undefined {
    return this.#take((waiting) => waiting.event === event)?.request;
  }

  /** Ends the wait for a request that a response has answered; false where it was not waited for. */
  answered(request: number): boolean {
    return this.#take((waiting) => waiting.request === request) !== undefined;
  }

  begin(response: string, gen: number, request: number | undefined): Generation {
    const generation: Generation = {
      gen,
      response,
      request,
      items: [],
      audioMs: 0,
      tools: 0,
      interrupted: false,
      cut: false,
      done: false,
    };
    this.#responses.push(generation);
    if (this.#responses.length > KEPT) this.#responses.shift();
    return generation;
  }

  /** By the vendor's response id. */
  response(id: string): Generation | undefined {
    for (let index = this.#responses.length - 1; index >= 0; index -= 1) {
      const generation = this.#responses[index]!;
      if (generation.response === id) return generation;
    }
    return undefined;
  }

  generation(gen: number): Generation | undefined {
    return this.#responses.findLast((generation) => generation.gen === gen);
  }

  /** The vendor's detector has cancelled whatever it was generating. */
  interrupt(): void {
    for (const generation of this.#responses) generation.interrupted = true;
  }

  /** True for the first sight of a tool call id. */
  firstCall(call: string): boolean {
    if (this.#calls.includes(call)) return false;
    this.#calls.push(call);
    return true;
  }

  #take(matches: (waiting: { event: string; request: number }) => boolean): { request: number } | undefined {
    const index = this.#requests.findIndex(matches);
    return index < 0 ? undefined : this.#requests.splice(index, 1)[0];
  }
}

/** The item of a generation, made on first sight. */
export function itemOf(generation: Generation, id: string): Item {
  const { items } = generation;
  // The newest item is nearly always the one meant: this runs for every piece of audio.
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (item?.id === id) return item;
  }
  const item: Item = { id, ms: 0 };
  // As long as it has to be: an array that is added to takes room for sixteen more.
  generation.items = [...items, item];
  return item;
}
