/**
 * @module The live view of calls: one line for each happening, with its time. What the caller did not hear of an
 * answer is struck through, or in brackets where there are no colours. Pure but for the function it writes with.
 */
import type { Happening } from './happenings.ts';
import { createPaint, type Paint, pad, type Style, wrap } from './text.ts';

export interface ViewOptions {
  readonly write: (line: string) => void;
  readonly color: boolean;
  /** Columns. */
  readonly width: number;
  /** How a happening's time is written. */
  readonly time: (at: number) => string;
  /** Names the call in each line, for where several run at once. Default false. */
  readonly calls?: boolean;
}

export interface View {
  show(happening: Happening): void;
}

/** A line's parts: a label, text in pieces that are wrapped one after another, and how they look. */
interface Line {
  readonly label: string;
  readonly look: Style;
  readonly parts: readonly { readonly text: string; readonly look?: Style }[];
}

const LABEL_WIDTH = 9;
/** Enough of a call's id to tell those of one screen apart. */
const ID_LENGTH = 8;

/** Creates a view. */
export function createView(options: ViewOptions): View {
  const paint = createPaint(options.color);
  return {
    show(happening) {
      for (const line of render(happening, options, paint)) options.write(line);
    },
  };
}

function render(happening: Happening, options: ViewOptions, paint: Paint): string[] {
  const { label, look, parts } = describe(happening, options.color);
  const id = options.calls ? `${pad(happening.call.slice(0, ID_LENGTH), ID_LENGTH)} ` : '';
  const head = `${options.time(happening.at)}  ${id}`;
  const indent = ' '.repeat(head.length + LABEL_WIDTH);
  const room = Math.max(20, options.width - indent.length);
  const lines = parts.flatMap((part) =>
    wrap(part.text, room).map((text) => (part.look === undefined ? text : paint(part.look, text))),
  );
  return lines.map((text, index) =>
    index === 0 ? `${paint('dim', head)}${paint(look, pad(label, LABEL_WIDTH))}${text}` : `${indent}${text}`,
  );
}

function describe(happening: Happening, color: boolean): Line {
  switch (happening.type) {
    case 'ringing':
      return line('ring', 'bold', `${happening.from} → ${happening.to}`);
    case 'started':
      return line('call', 'bold', `${happening.from} → ${happening.to}`);
    case 'state':
      return describeState(happening);
    case 'said':
      return describeSaid(happening, color);
    case 'turn':
      return line('turn', 'cyan', `answered after ${ms(happening.latencyMs)}`);
    case 'bargeIn':
      return line('barge-in', 'yellow', describeBargeIn(happening));
    case 'tool':
      return describeTool(happening);
    case 'digit':
      return line('keypad', 'magenta', happening.digit);
    case 'sessionLost':
      return line('session', 'red', `lost (${happening.code}); reconnecting`);
    case 'note':
      return line('·', 'dim', happening.text);
    case 'failed':
      return line('failed', 'red', happening.reason);
    default: {
      const { status, endedBy, reason, duration } = happening.outcome;
      const look = status === 'completed' || status === 'transferred' ? 'green' : 'red';
      return line('ended', [look, 'bold'], `${status} by ${endedBy} (${reason}) after ${ms(duration)}`);
    }
  }
}

function line(label: string, look: Style, text: string, textLook?: Style): Line {
  return { label, look, parts: [textLook === undefined ? { text } : { text, look: textLook }] };
}

function describeState({ states, why }: Extract<Happening, { type: 'state' }>): Line {
  const names = states.map(shortState);
  // The conversation itself is what the eye follows; the regions beside it are background.
  const side = states.every((state) => /^live\.(?!dialogue)/.test(state));
  const text = `${names.join(' + ')}${why === undefined ? '' : ` (${why})`}`;
  return line('state', side ? 'dim' : 'blue', text, side ? 'dim' : 'blue');
}

/** `live.dialogue.conversing.listening` → `conversing.listening`; `live.floor.voiced` → `floor.voiced`. */
export function shortState(path: string): string {
  return path.replace(/^live\.(dialogue\.)?/, '');
}

function describeSaid(said: Extract<Happening, { type: 'said' }>, color: boolean): Line {
  if (said.role === 'user') return line('caller', ['green', 'bold'], `“${said.heard}”`);
  const look: Style = ['magenta', 'bold'];
  const { generated, heard, method } = said;
  if (heard === generated) return line('agent', look, `“${heard}”`);
  // Where the model's text was cut at a word, what follows is what the caller never heard.
  const rest = generated.startsWith(heard) ? generated.slice(heard.length).trim() : generated;
  const unheard = color
    ? { text: rest, look: ['dim', 'strikethrough'] as Style }
    : { text: `[not heard: ${rest}]` };
  const told = heard === '' ? `✂ cut before it was heard (${method})` : `“${heard} ✂ (${method})`;
  return { label: 'agent', look, parts: [{ text: told }, unheard] };
}

function describeBargeIn({ reactionMs, heardMs }: Extract<Happening, { type: 'bargeIn' }>): string {
  if (reactionMs !== undefined) return `agent stopped after ${ms(reactionMs)}`;
  return heardMs === undefined ? 'agent stopped' : `agent stopped, ${ms(heardMs)} of its answer heard`;
}

function describeTool({ name, ok, durationMs, code }: Extract<Happening, { type: 'tool' }>): Line {
  const how = ok ? `done in ${ms(durationMs)}` : `failed${code === undefined ? '' : ` (${code})`}`;
  return line('tool', ok ? 'cyan' : 'red', `${name} ${how}`);
}

/** Milliseconds below ten seconds, seconds above. */
export function ms(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
