/** @module Who said what in a call: read from the record that `log: { record: true }` leaves beside a call's log. */
import type { Words } from './call-facts.ts';

export interface CallWords {
  /** In the order in which the caller's turns were understood. */
  readonly caller: readonly string[];
  /** By generation. */
  readonly agent: ReadonlyMap<number, Words>;
}

export const NO_WORDS: CallWords = { caller: [], agent: new Map() };

/** Reads the text of a `*.call.jsonl`. */
export function readCallWords(text: string): CallWords {
  const caller: string[] = [];
  const agent = new Map<number, Words>();
  for (const line of text.split('\n').filter((part) => part !== '')) {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (entry['role'] === 'user' && typeof entry['text'] === 'string') caller.push(entry['text']);
    if (entry['role'] === 'assistant') {
      agent.set(Number(entry['gen']), {
        heard: String(entry['heard']),
        generated: String(entry['generated']),
      });
    }
  }
  return { caller, agent };
}
