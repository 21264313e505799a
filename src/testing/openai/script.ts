/**
 * @module The conversation a stand-in model plays: what it hears and what it answers, in order. When it hears is
 * decided by the audio alone; the script only supplies the words.
 */
import type { ResponseFault } from './faults.ts';

/** Something said. Without `audio` (mu-law, 8 kHz) it is hummed, 65 ms a character. */
export interface SpokenLine {
  readonly text: string;
  readonly audio?: Uint8Array;
}
export type Line = string | SpokenLine;

export interface ScriptCall {
  readonly name: string;
  /** An object, or the JSON text as the model would write it (which may be broken on purpose). Default `{}`. */
  readonly arguments?: Readonly<Record<string, unknown>> | string;
}

/** One response: audio first, then the calls. */
export interface Reply {
  readonly say?: Line | readonly Line[];
  /** A bare string is the name of a tool without arguments. */
  readonly calls?: readonly (ScriptCall | string)[];
  /** The answer once results of `calls` are in and a response is asked for. */
  readonly afterTools?: Line | Reply;
  /** Ms to the first audio in place of the stand-in's own latency. */
  readonly firstAudioMs?: number;
  readonly fault?: ResponseFault;
}

export interface ScriptTurn extends Reply {
  /** What the transcription makes of the caller's next utterance. Default: nothing intelligible, an empty text. */
  readonly hear?: string;
  /** `failed`: the transcription reports a failure; `missing`: it never comes. The model answers all the same. */
  readonly transcription?: 'failed' | 'missing';
}

export interface ToolResult {
  readonly call: string;
  /** Undefined where the call was made on an earlier connection and only its result was handed over. */
  readonly name: string | undefined;
  readonly output: string;
}

export interface ConversationScript {
  /** The answer to a request made before the caller has said anything. Default: `otherwise`. */
  readonly greeting?: Line | Reply;
  /** What each utterance of the caller brings, in order. An interrupted one is over; the next takes the next. */
  readonly turns?: readonly ScriptTurn[];
  /** Text put in by the client (keypad entries). Without it, or for `undefined`, the text takes the next turn. */
  readonly onDigits?: Line | Reply | ((text: string) => Line | Reply | undefined);
  /** Tool results for which the reply that made the call has no `afterTools`. Default: `otherwise`. */
  readonly onToolResult?: Line | Reply | ((result: ToolResult) => Line | Reply | undefined);
  /**
   * A request with instructions of its own (an announcement, an apology, a farewell), which leaves an open turn open.
   * Default, also for `undefined`: it says what stands in quotation marks; without any, the open turn is answered,
   * or the instructions themselves are said.
   */
  readonly onInstructions?: Line | Reply | ((instructions: string) => Line | Reply | undefined);
  /** A committed turn without any voice in it, and the idle timeout. Default: `otherwise`. */
  readonly onSilence?: Line | Reply;
  /** What is heard and said when the turns have run out, so that any recording gets an answer. */
  readonly otherwise?: Line | ScriptTurn;
}

/** A step of `scriptOf`: a turn, or one of the answers outside the order of turns. */
export type ScriptStep = ScriptTurn | Omit<ConversationScript, 'turns'>;

const ANSWERS = [
  'greeting',
  'onDigits',
  'onToolResult',
  'onInstructions',
  'onSilence',
  'otherwise',
] as const satisfies readonly (keyof ConversationScript)[];

/**
 * Writes a script as one reads it, from top to bottom.
 * @example
 * scriptOf(
 *   { greeting: 'Hello, how can I help?' },
 *   { hear: 'Where is order 1234?', calls: [{ name: 'check_order', arguments: { orderId: '1234' } }],
 *     afterTools: 'On its way.' },
 *   { hear: 'Will it come today?', say: 'It will.' },
 *   { hear: 'Thank you, bye.', say: 'Goodbye.', calls: ['hang_up'] },
 *   { otherwise: 'I see.' },
 * )
 */
export function scriptOf(...steps: readonly ScriptStep[]): ConversationScript {
  const turns: ScriptTurn[] = [];
  const answers: Omit<ConversationScript, 'turns'> = {};
  for (const step of steps) {
    if (isTurn(step)) turns.push(step);
    else Object.assign(answers, step);
  }
  return { ...answers, turns };
}

function isTurn(step: ScriptStep): step is ScriptTurn {
  return !ANSWERS.some((key) => key in step);
}

/** The long form of a reply. */
export function replyOf(reply: Line | Reply): Reply {
  return typeof reply === 'string' || 'text' in reply ? { say: reply } : reply;
}

/** The lines of a reply, in the long form. */
export function linesOf(reply: Reply): SpokenLine[] {
  const { say } = reply;
  if (say === undefined) return [];
  const lines = isList(say) ? say : [say];
  return lines.map((line) => (typeof line === 'string' ? { text: line } : line));
}

// Array.isArray does not narrow read-only lists.
const isList = (say: Line | readonly Line[]): say is readonly Line[] => Array.isArray(say);

/** The calls of a reply with their arguments as JSON text. */
export function callsOf(reply: Reply): { name: string; arguments: string }[] {
  return (reply.calls ?? []).map((call) => {
    if (typeof call === 'string') return { name: call, arguments: '{}' };
    const given = call.arguments ?? {};
    return { name: call.name, arguments: typeof given === 'string' ? given : JSON.stringify(given) };
  });
}
