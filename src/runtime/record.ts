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
  const entries: RecordEntry[] = [];
  const users = new Map<string, UserEntry>();
  const assistants = new Map<number, AssistantEntry>();
  const tools = new Map<string, ToolEntry>();
  const sayings = new Map<number, string>();
  const digits = new Map<number, string>();
  const waiting: string[] = [];
  let keys = '';

  const begin = (gen: number, kind: string, text?: string): AssistantEntry => {
    const known = assistants.get(gen);
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
    assistants.set(gen, entry);
    entries.push(entry);
    return entry;
  };

  const user = (turn: string): UserEntry => {
    const known = users.get(turn);
    if (known) return known;
    const entry: UserEntry = { role: 'user', turn, text: '', final: false };
    users.set(turn, entry);
    entries.push(entry);
    return entry;
  };

  return {
    entries,
    wrote(words) {
      switch (words.kind) {
        case 'user': {
          const entry = user(words.turn);
          entry.text = words.text;
          entry.final ||= words.final;
          if (words.final) written({ role: 'user', turn: words.turn, text: words.text });
          break;
        }
        case 'assistant':
          begin(words.gen, 'reply').text.add(words.delta);
          break;
        case 'tool': {
          const entry: ToolEntry = {
            role: 'tool',
            call: words.call,
            name: words.name,
            arguments: words.arguments,
            result: undefined,
            ok: false,
          };
          tools.set(words.call, entry);
          entries.push(entry);
          written({ role: 'tool', call: words.call, name: words.name, arguments: words.arguments });
          break;
        }
        case 'usage':
          begin(words.gen, 'reply').usage = words.usage;
          break;
      }
    },
    begin(gen, kind, text) {
      begin(gen, kind, text).kind = kind;
    },
    heard(gen, playedMs, generatedMs, whole) {
      const entry = assistants.get(gen);
      if (!entry || entry.heard !== undefined) return undefined;
      entry.heardMs = playedMs;
      entry.method = whole ? 'exact' : playedMs === 0 ? 'none' : 'estimated';
      entry.heard = whole ? entry.text.whole() : entry.text.heard(playedMs, generatedMs);
      written({
        role: 'assistant',
        gen,
        generated: entry.text.whole(),
        heard: entry.heard,
        method: entry.method,
      });
      return entry;
    },
    usage: (gen) => assistants.get(gen)?.usage,
    tool: (call) => tools.get(call),
    finishTool(call, result, ok) {
      const entry = tools.get(call);
      if (!entry || entry.result !== undefined) return;
      entry.result = result;
      entry.ok = ok;
      written({ role: 'tool', call, name: entry.name, result, ok });
    },
    pressed(key) {
      keys += key;
      written({ role: 'user', key });
    },
    takeKeys() {
      const taken = keys;
      keys = '';
      return taken;
    },
    queueSaying: (text) => void waiting.push(text),
    bindSaying: (request) => void sayings.set(request, waiting.shift() ?? ''),
    bindDigits(entry) {
      digits.set(entry, keys);
      // A session that comes later has to know of them too; as words they are no turn of the caller's.
      entries.push({
        role: 'user',
        turn: `keys_${entries.length}`,
        text: `[DTMF 입력: ${keys}]`,
        final: true,
      });
      keys = '';
    },
    toolResult: (call) => tools.get(call)?.result ?? '',
    toolCall: (call) => tools.get(call),
    digits: (entry) => digits.get(entry) ?? '',
    saying: (request) => sayings.get(request) ?? '',
    history: () => entries.flatMap(historyOf),
  };
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
