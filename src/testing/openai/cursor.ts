/**
 * @module Where a session is in its script: which words the next utterance brings, and what a response owes.
 * Knows nothing of audio, sockets or time.
 */
import type { ResponseFault } from './faults.ts';
import {
  type ConversationScript,
  type Line,
  type Reply,
  replyOf,
  type ScriptTurn,
  type ToolResult,
} from './script.ts';

/** How a response ended, as far as the script cares. */
export type ReplyEnd = 'answered' | 'cancelled' | 'failed';

/** A reply to be given, with what has to be told once it is over. */
export interface Answer {
  readonly reply: Reply;
  readonly fault: ResponseFault | undefined;
  /** A reply that failed is owed again, so that a retry gets it; an interrupted one is over. */
  settle(end: ReplyEnd): void;
}

export interface Cursor {
  /** The words of the utterance being heard. */
  peek(): string;
  /** An utterance was committed: takes the next turn if there was voice in it. */
  hear(voiced: boolean): ScriptTurn;
  /** The client put in text for the caller. */
  text(text: string): void;
  /** The client put in what the agent had said: history, so nothing before it is owed. */
  seed(): void;
  /** A call was made, by a reply or (without one) by the client's history. */
  called(call: string, name: string, reply?: Reply): void;
  result(call: string, output: string): void;
  answer(instructions: string | undefined, outOfBand: boolean): Answer;
  /** Spoils the next response, whatever it is. */
  spoil(fault: ResponseFault): void;
}

const REMARK: ScriptTurn = { hear: '', say: 'I see.' };

/** Creates a cursor at the beginning of `script`. */
export function createCursor(script: ConversationScript): Cursor {
  const turns = script.turns ?? [];
  const otherwise: ScriptTurn = script.otherwise === undefined ? REMARK : replyOf(script.otherwise);
  const calls = new Map<string, { name: string; reply: Reply | undefined }>();
  const spent = new Map<ResponseFault, number>();
  const spoils: ResponseFault[] = [];
  let position = 0;
  let userTurns = 0;
  let seeded = false;
  let greeted = false;
  let owed: Reply | undefined;
  let texts: string[] = [];
  let results: ToolResult[] = [];

  const nextTurn = (): ScriptTurn => {
    userTurns += 1;
    const turn = turns[position];
    if (turn) position += 1;
    return turn ?? otherwise;
  };

  const answerTexts = (): void => {
    for (const text of texts) owed = resolve(script.onDigits, text) ?? nextTurn();
    texts = [];
  };

  const afterTools = (result: ToolResult): Reply => {
    const made = calls.get(result.call);
    const source = made?.reply ?? findCaller(turns, result.name);
    if (source?.afterTools !== undefined) return replyOf(source.afterTools);
    return resolve(script.onToolResult, result) ?? otherwise;
  };

  /** The reply, and whether it is what was owed; exact words are said whatever is open, and leave it open. */
  const choose = (instructions: string | undefined): { reply: Reply; pays: boolean } => {
    const exact = instructions === undefined ? undefined : exactReply(script, instructions);
    const opening = userTurns === 0 && !seeded && script.greeting !== undefined;
    if (opening && !owed && !(greeted && exact)) return { reply: replyOf(script.greeting), pays: true };
    if (exact) return { reply: exact, pays: false };
    if (owed) return { reply: owed, pays: true };
    if (results.length > 0) return { reply: afterTools(results.at(-1)!), pays: true };
    return { reply: instructions === undefined ? otherwise : { say: instructions }, pays: true };
  };

  const faultOf = (reply: Reply): ResponseFault | undefined => {
    const ordered = spoils.shift();
    if (ordered || !reply.fault) return ordered;
    const used = spent.get(reply.fault) ?? 0;
    if (used >= (reply.fault.times ?? 1)) return undefined;
    spent.set(reply.fault, used + 1);
    return reply.fault;
  };

  const answer = (instructions: string | undefined, outOfBand: boolean): Answer => {
    if (outOfBand) {
      const reply = exactReply(script, instructions ?? '') ?? { say: instructions ?? '...' };
      return { reply, fault: faultOf(reply), settle() {} };
    }
    answerTexts();
    const { reply, pays } = choose(instructions);
    const fault = faultOf(reply);
    if (!pays) return { reply, fault, settle() {} };
    const taken = { owed, results };
    const opening = userTurns === 0;
    owed = undefined;
    results = [];
    const settle = (end: ReplyEnd): void => {
      if (end === 'answered' && opening) greeted = true;
      if (end !== 'failed') return;
      owed ??= taken.owed;
      results = [...taken.results, ...results];
    };
    return { reply, fault, settle };
  };

  return {
    peek: () => (turns[position] ?? otherwise).hear ?? '',
    hear(voiced) {
      if (!voiced) {
        owed = script.onSilence === undefined ? otherwise : replyOf(script.onSilence);
        return { hear: '' };
      }
      const turn = nextTurn();
      owed = turn;
      return turn;
    },
    text: (text) => void texts.push(text),
    seed() {
      answerTexts();
      owed = undefined;
      results = [];
      seeded = true;
    },
    called: (call, name, reply) => void calls.set(call, { name, reply }),
    result: (call, output) => void results.push({ call, name: calls.get(call)?.name, output }),
    answer,
    spoil: (fault) => void spoils.push(fault),
  };
}

function resolve<T>(
  rule: Line | Reply | ((value: T) => Line | Reply | undefined) | undefined,
  value: T,
): Reply | undefined {
  const found = typeof rule === 'function' ? rule(value) : rule;
  return found === undefined ? undefined : replyOf(found);
}

/** What instructions ask to be said word for word: by the script's rule, or from first to last quotation mark. */
function exactReply(script: ConversationScript, instructions: string): Reply | undefined {
  const own = resolve(script.onInstructions, instructions);
  const quoted = /["“「『]([\s\S]+)["”」』]/.exec(instructions)?.[1];
  return own ?? (quoted === undefined ? undefined : { say: quoted });
}

/** The turn that would have made this call: what a new connection goes by when only the result is handed over. */
function findCaller(turns: readonly Reply[], name: string | undefined): Reply | undefined {
  if (name === undefined) return undefined;
  return turns.find((turn) =>
    turn.calls?.some((call) => (typeof call === 'string' ? call : call.name) === name),
  );
}
