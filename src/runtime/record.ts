/**
 * @module The words of a call, by id: what was said, pressed, asked of tools and answered by them. Charts and logs
 * know the ids only. The history a model is given is made here, from what was heard and not from what was generated.
 */
import type { HistoryItem, OrderWords, SessionWords } from '../providers/contract.ts';
import { createHeardText, type HeardText } from './heard.ts';

export interface UserEntry {
  role: 'user';
  turn: string;
  text: string;
  final: boolean;
}

export interface AssistantEntry {
  role: 'assistant';
  gen: number;
  kind: string;
  text: HeardText;
  /** Set once it is known how much of it was heard. */
  heard: string | undefined;
  heardMs: number;
  method: 'exact' | 'estimated' | 'none' | undefined;
  usage: Readonly<Record<string, number>> | undefined;
}

export interface ToolEntry {
  role: 'tool';
  call: string;
  name: string;
  arguments: string;
  result: string | undefined;
  ok: boolean;
}

export type RecordEntry = UserEntry | AssistantEntry | ToolEntry;

export interface CallRecord extends OrderWords {
  readonly entries: readonly RecordEntry[];
  wrote(words: SessionWords): void;
  /** A generation of ours or the model's exists; its words follow. */
  begin(gen: number, kind: string, text?: string): void;
  /** All of it, or the first `playedMs`, was heard. */
  heard(gen: number, playedMs: number, generatedMs: number, whole: boolean): AssistantEntry | undefined;
  usage(gen: number): Readonly<Record<string, number>> | undefined;
  tool(call: string): ToolEntry | undefined;
  finishTool(call: string, result: string, ok: boolean): void;
  pressed(key: string): void;
  /** Takes the keys pressed since the last taking. */
  takeKeys(): string;
  /** Queues text that the next `say` order is to have said. */
  queueSaying(text: string): void;
  bindSaying(request: number): void;
  bindDigits(entry: number): void;
  history(): HistoryItem[];
}

export function createRecord(written: (entry: object) => void = () => {}): CallRecord {
  return new WordRecord(written);
}

/** A text or keys that an order of the chart names by number. */
interface Bound {
  readonly number: number;
  readonly text: string;
}

const textOf = (bound: readonly Bound[], number: number): string =>
  bound.findLast((entry) => entry.number === number)?.text ?? '';

/** An entry is looked for from the newest on, which is nearly always the one meant: a delta of words comes often. */
class WordRecord implements CallRecord {
  readonly entries: RecordEntry[] = [];
  readonly #written: (entry: object) => void;
  readonly #sayings: Bound[] = [];
  readonly #digits: Bound[] = [];
  readonly #waiting: string[] = [];
  #keys = '';

  constructor(written: (entry: object) => void) {
    this.#written = written;
  }

  wrote(words: SessionWords): void {
    switch (words.kind) {
      case 'user':
        this.#hear(words.turn, words.text, words.final);
        break;
      case 'assistant':
        this.#begin(words.gen, 'reply').text.add(words.delta);
        break;
      case 'tool': {
        const { call, name } = words;
        this.entries.push({
          role: 'tool',
          call,
          name,
          arguments: words.arguments,
          result: undefined,
          ok: false,
        });
        this.#written({ role: 'tool', call, name, arguments: words.arguments });
        break;
      }
      case 'usage':
        this.#begin(words.gen, 'reply').usage = words.usage;
        break;
    }
  }

  begin(gen: number, kind: string, text?: string): void {
    this.#begin(gen, kind, text).kind = kind;
  }

  heard(gen: number, playedMs: number, generatedMs: number, whole: boolean): AssistantEntry | undefined {
    const entry = this.#assistant(gen);
    if (!entry || entry.heard !== undefined) return undefined;
    entry.heardMs = playedMs;
    entry.method = whole ? 'exact' : playedMs === 0 ? 'none' : 'estimated';
    entry.heard = whole ? entry.text.whole() : entry.text.heard(playedMs, generatedMs);
    this.#written({
      role: 'assistant',
      gen,
      generated: entry.text.whole(),
      heard: entry.heard,
      method: entry.method,
    });
    return entry;
  }

  usage(gen: number): Readonly<Record<string, number>> | undefined {
    return this.#assistant(gen)?.usage;
  }

  tool(call: string): ToolEntry | undefined {
    return this.entries.findLast((entry): entry is ToolEntry => entry.role === 'tool' && entry.call === call);
  }

  finishTool(call: string, result: string, ok: boolean): void {
    const entry = this.tool(call);
    if (!entry || entry.result !== undefined) return;
    entry.result = result;
    entry.ok = ok;
    this.#written({ role: 'tool', call, name: entry.name, result, ok });
  }

  pressed(key: string): void {
    this.#keys += key;
    this.#written({ role: 'user', key });
  }

  takeKeys(): string {
    const taken = this.#keys;
    this.#keys = '';
    return taken;
  }

  queueSaying(text: string): void {
    this.#waiting.push(text);
  }

  bindSaying(request: number): void {
    this.#sayings.push({ number: request, text: this.#waiting.shift() ?? '' });
  }

  bindDigits(entry: number): void {
    const keys = this.takeKeys();
    this.#digits.push({ number: entry, text: keys });
    // A session that comes later has to know of them too; as words they are no turn of the caller's.
    this.entries.push({
      role: 'user',
      turn: `keys_${this.entries.length}`,
      text: `[DTMF 입력: ${keys}]`,
      final: true,
    });
  }

  toolResult(call: string): string {
    return this.tool(call)?.result ?? '';
  }

  toolCall(call: string): ToolEntry | undefined {
    return this.tool(call);
  }

  digits(entry: number): string {
    return textOf(this.#digits, entry);
  }

  saying(request: number): string {
    return textOf(this.#sayings, request);
  }

  history(): HistoryItem[] {
    return this.entries.flatMap(historyOf);
  }

  #hear(turn: string, text: string, final: boolean): void {
    let entry = this.entries.findLast(
      (known): known is UserEntry => known.role === 'user' && known.turn === turn,
    );
    if (!entry) this.entries.push((entry = { role: 'user', turn, text: '', final: false }));
    entry.text = text;
    entry.final ||= final;
    if (final) this.#written({ role: 'user', turn, text });
  }

  #assistant(gen: number): AssistantEntry | undefined {
    return this.entries.findLast(
      (entry): entry is AssistantEntry => entry.role === 'assistant' && entry.gen === gen,
    );
  }

  #begin(gen: number, kind: string, text?: string): AssistantEntry {
    const known = this.#assistant(gen);
    if (known) return known;
    const entry: AssistantEntry = {
      role: 'assistant',
      gen,
      kind,
      text: createHeardText(),
      heard: undefined,
      heardMs: 0,
      method: undefined,
      usage: undefined,
    };
    if (text !== undefined) entry.text.add(text);
    this.entries.push(entry);
    return entry;
  }
}

/** What a new connection is told of an entry: nothing the caller did not hear, no tool without its result. */
function historyOf(entry: RecordEntry): HistoryItem[] {
  switch (entry.role) {
    case 'user':
      return entry.text === '' ? [] : [{ role: 'user', text: entry.text }];
    case 'assistant':
      return entry.heard === undefined || entry.heard === ''
        ? []
        : [{ role: 'assistant', text: entry.heard }];
    case 'tool':
      return entry.result === undefined
        ? []
        : [
            {
              role: 'tool',
              call: entry.call,
              name: entry.name,
              arguments: entry.arguments,
              result: entry.result,
            },
          ];
  }
}
