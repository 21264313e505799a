/**
 * @module Draws a call on a time axis: what either side said, what of it was cut, where the dialogue stood, tools, and
 * how long the caller waited. Pure.
 */
import type { CallFacts, Reply, Span, StateSpan } from './call-facts.ts';
import { type CallWords, NO_WORDS } from './call-words.ts';
import { box, type Colour, line, sheet, type Side, text, widthOf, wrapText } from './svg.ts';

export interface CallPictureOptions {
  readonly title: string;
  readonly words?: CallWords;
  /** From a barge-in's first sound to the agent's silence, by place in the call, where it was measured at the far end. */
  readonly reactions?: readonly (number | null)[];
  /** From the caller's last word to the first of the reply, likewise; without them the log's own times count. */
  readonly latencies?: readonly number[];
  readonly side?: Side | 'both';
}

const WIDTH = 920;
const LEFT = 96;
const RIGHT = 16;
const AXIS = 26;
const BUBBLE = 104;
const WORDS = 10.5;
const WORD_LINE = 13;
const ROW = 18;
const LABEL = 11;
/** Room between the lanes of caller and agent, where the waits are written. */
const WAITS = 22;

/** Rows of the dialogue, in the order a call goes through them. A state belongs to the first row that begins it. */
const ROWS: readonly (readonly [label: string, states: RegExp, colour: Colour])[] = [
  ['ringing', /^(ringing|prewarm)/, 'muted'],
  ['greeting', /^greeting/, 'blue'],
  ['listening', /^conversing\.listening/, 'green'],
  ['thinking', /^conversing\.thinking/, 'amber'],
  ['speaking', /^(conversing\.speaking|returning)/, 'blue'],
  ['reconnecting', /^reconnecting/, 'red'],
  ['away', /^(transferring|handedOff|leavingMessage)/, 'purple'],
  ['closing', /^closing/, 'muted'],
];
/** These are shown even if the call never was in them: a call is read against them. */
const ALWAYS_SHOWN = new Set(['listening', 'thinking', 'speaking']);

/** A call as one picture. */
export function drawCall(facts: CallFacts, options: CallPictureOptions): string {
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(1000, facts.length);
  const at = (ms: number): number => LEFT + ms * scale;
  const words = options.words ?? NO_WORDS;
  const callerTop = AXIS + 12;
  const agentTop = callerTop + BUBBLE + WAITS;
  const rowsTop = agentTop + BUBBLE + 34;
  const rows = ROWS.filter(
    ([label, states]) => ALWAYS_SHOWN.has(label) || facts.dialogue.some(({ state }) => states.test(state)),
  );
  const floorTop = rowsTop + rows.length * ROW + 10;
  const toolTop = floorTop + ROW + 4;
  const bottom = toolTop + ROW;
  const parts = [
    ...drawAxis(facts.length, at, bottom),
    laneLabel('caller', callerTop + BUBBLE / 2),
    laneLabel('agent', agentTop + BUBBLE / 2),
    ...drawDialogue(facts.dialogue, rows, at, rowsTop),
    ...drawFloor(facts.floor, at, floorTop),
    ...drawTools(facts, at, toolTop),
    ...facts.bargeIns.flatMap((entry, index) =>
      drawBargeIn(
        at(entry.at),
        callerTop - 4,
        bottom,
        rowsTop - 12,
        tellBargeIn(facts, entry.gen, options.reactions?.[index]),
      ),
    ),
    ...facts.caller.flatMap((span, index) =>
      drawBubble(span, at, callerTop, words.caller[index] ?? '', ['green', 'greenWash']),
    ),
    ...facts.replies.flatMap((reply, index) =>
      drawReply(reply, facts.replies[index + 1], facts.length, at, agentTop, words),
    ),
    ...drawWaits(facts, at, callerTop + BUBBLE, options.latencies ?? []),
  ];
  return sheet(WIDTH, bottom + 14, options.title, parts, options.side);
}

type At = (ms: number) => number;

const laneLabel = (label: string, y: number): string =>
  text(LEFT - 12, y + 4, label, { size: LABEL + 1, bold: true, anchor: 'end' });

const rowLabel = (label: string, y: number): string =>
  text(LEFT - 12, y + 12, label, { size: LABEL, font: 'mono', colour: 'muted', anchor: 'end' });

function drawAxis(length: number, at: At, bottom: number): string[] {
  const step = length > 90_000 ? 30_000 : length > 45_000 ? 10_000 : 5_000;
  const parts: string[] = [];
  for (let ms = 0; ms <= length; ms += step) {
    parts.push(line(at(ms), AXIS, at(ms), bottom, 'line'));
    parts.push(text(at(ms), AXIS - 6, `${ms / 1000} s`, { size: LABEL, colour: 'muted', anchor: 'middle' }));
  }
  return parts;
}

function drawBubble(
  span: Span,
  at: At,
  top: number,
  said: string,
  [colour, wash]: readonly [Colour, Colour],
): string[] {
  const width = at(span.end) - at(span.start);
  return [
    box(at(span.start), top, width, BUBBLE, { fill: wash, stroke: colour, radius: 8 }),
    ...drawWords(said, at(span.start) + 6, top + 16, width - 10, Math.floor((BUBBLE - 12) / WORD_LINE)),
  ];
}

function drawWords(
  said: string,
  x: number,
  top: number,
  width: number,
  rows: number,
  unheard = false,
): string[] {
  if (said === '') return [];
  const lines = wrapText(said, width, WORDS);
  const shown = lines.length > rows ? [...lines.slice(0, rows - 1), `${lines[rows - 1] ?? ''} …`] : lines;
  return shown.map((content, index) =>
    text(x, top + index * WORD_LINE, content, {
      size: WORDS,
      colour: unheard ? 'muted' : 'text',
      strike: unheard,
    }),
  );
}

/** What was heard is solid; what was cut off goes on as an empty frame, as long as there is room before the next. */
function drawReply(
  reply: Reply,
  next: Reply | undefined,
  length: number,
  at: At,
  top: number,
  words: CallWords,
): string[] {
  const said = words.agent.get(reply.gen);
  const solid = drawBubble(reply, at, top, said?.heard ?? '', ['blue', 'blueWash']);
  const lost = reply.audioMs - (reply.end - reply.start);
  if (!reply.cut || lost < 200) return solid;
  const end = Math.min(reply.end + lost, next ? next.start - 250 : length, length);
  const x = at(reply.end) + 3;
  const width = at(end) - x;
  const rest = said?.generated.startsWith(said.heard) ? said.generated.slice(said.heard.length).trim() : '';
  const rows = Math.floor((BUBBLE - 12) / WORD_LINE);
  return [
    box(x, top, width, BUBBLE, { fill: 'none', stroke: 'muted', radius: 8, dashed: true }),
    ...drawWords(rest, x + 6, top + 16, width - 10, rows, true),
    ...solid,
  ];
}

function drawDialogue(spans: readonly StateSpan[], rows: typeof ROWS, at: At, top: number): string[] {
  return rows.flatMap(([label, states, colour], index) => {
    const y = top + index * ROW;
    return [
      rowLabel(label, y),
      line(LEFT, y + ROW / 2, WIDTH - RIGHT, y + ROW / 2, 'line'),
      ...joined(spans.filter(({ state }) => states.test(state))).map(({ start, end }) =>
        bar(at(start), y + 3, at(end) - at(start), colour),
      ),
    ];
  });
}

/** Spans that touch are one in a row that stands for several states. */
function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last && last.end === span.start) result[result.length - 1] = { start: last.start, end: span.end };
    else result.push(span);
  }
  return result;
}

/** A state that was entered shows, however short it was. */
const bar = (x: number, y: number, width: number, colour: Colour): string =>
  box(x, y, Math.max(2, width), ROW - 6, { fill: colour, stroke: 'none', radius: 2 });

function drawFloor(spans: readonly StateSpan[], at: At, top: number): string[] {
  return [
    rowLabel('floor', top),
    line(LEFT, top + ROW / 2, WIDTH - RIGHT, top + ROW / 2, 'line'),
    ...spans
      .filter(({ state }) => state === 'sounding.voiced')
      .flatMap(({ start, end }) => {
        const width = at(end) - at(start);
        const label = 'voiced';
        const fits = width > widthOf(label, LABEL, 'mono') + 8;
        const name = text(at(start) + width / 2, top + 12.5, label, {
          size: LABEL,
          font: 'mono',
          anchor: 'middle',
        });
        return [
          box(at(start), top + 2, width, ROW - 4, { fill: 'greenWash', stroke: 'green', radius: 2 }),
          ...(fits ? [name] : []),
        ];
      }),
  ];
}

function drawTools({ tools }: CallFacts, at: At, top: number): string[] {
  return [
    rowLabel('tools', top),
    line(LEFT, top + ROW / 2, WIDTH - RIGHT, top + ROW / 2, 'line'),
    ...tools.flatMap(({ name, start, end }) => {
      const width = Math.max(8, at(end) - at(start));
      const room = at(start) + width + 6 + widthOf(name, LABEL, 'mono') < WIDTH - RIGHT;
      const x = room ? at(start) + width + 6 : at(start) - 6;
      const labelWidth = widthOf(name, LABEL, 'mono') + 6;
      return [
        box(at(start), top + 3, width, ROW - 6, { fill: 'purple', stroke: 'none', radius: 3 }),
        box(room ? x - 3 : x - labelWidth + 3, top + 2, labelWidth, ROW - 4, {
          fill: 'page',
          stroke: 'none',
          radius: 0,
        }),
        text(x, top + 12.5, name, {
          size: LABEL,
          font: 'mono',
          colour: 'purple',
          anchor: room ? 'start' : 'end',
        }),
      ];
    }),
  ];
}

/** In a few words what a barge-in did. */
function tellBargeIn({ replies }: CallFacts, gen: number, reaction: number | null | undefined): string {
  const reply = replies.find((entry) => entry.gen === gen && entry.cut);
  const lost = reply ? reply.audioMs - (reply.end - reply.start) : 0;
  const told = [
    reaction === undefined || reaction === null ? '' : `silent after ${Math.round(reaction)} ms`,
    lost > 0 ? `${(lost / 1000).toFixed(1)} s of the answer never played` : '',
  ].filter((part) => part !== '');
  return ['barge-in', ...(told.length > 0 ? [told.join(', ')] : [])].join(': ');
}

function drawBargeIn(x: number, top: number, bottom: number, labelY: number, label: string): string[] {
  const room = x + widthOf(label, LABEL + 1) < WIDTH - RIGHT;
  return [
    line(x, top, x, bottom, 'red', { width: 1.5, dashed: true }),
    text(room ? x + 6 : x - 6, labelY, label, {
      size: LABEL + 0.5,
      colour: 'red',
      bold: true,
      anchor: room ? 'start' : 'end',
    }),
  ];
}

/** The waits between the caller's last word and the first of the reply. */
function drawWaits(
  { caller, replies }: CallFacts,
  at: At,
  top: number,
  latencies: readonly number[],
): string[] {
  let answered = 0;
  return caller.flatMap(({ end }, index) => {
    const until = caller[index + 1]?.start ?? Number.POSITIVE_INFINITY;
    const reply = replies.find(({ start }) => start >= end && start < until);
    if (!reply) return [];
    const y = top + WAITS / 2;
    const latency = latencies[answered] ?? reply.start - end;
    answered += 1;
    return [
      line(at(end), y, at(reply.start), y, 'amber', { width: 1.5 }),
      line(at(end), top + 2, at(end), y, 'amber', { width: 1.5 }),
      line(at(reply.start), y, at(reply.start), top + WAITS - 2, 'amber', { width: 1.5 }),
      text(at(reply.start) + 6, y + 4, `${Math.round(latency)} ms`, {
        size: LABEL,
        colour: 'amber',
        bold: true,
      }),
    ];
  });
}
