/**
 * @module Draws states of a chart as nested boxes. A detailed picture lists each state's transitions inside its box;
 * an overview shows only what holds what, regions side by side. Pure.
 */
import type { ChartMove, ChartState } from './chart-model.ts';
import { box, type Colour, sheet, type Side, text, widthOf, wrapText } from './svg.ts';

export interface PictureOptions {
  readonly title: string;
  readonly width?: number;
  readonly side?: Side | 'both';
}

/** A drawn piece that is not placed yet: it knows its height, and paints itself at a corner. */
interface Piece {
  readonly height: number;
  /** @param height where it stands beside a taller one */
  paint(x: number, y: number, height?: number): string[];
}

const MARGIN = 14;
const PAD = 10;
const GAP = 8;
const NAME = 13;
const SMALL = 11;
const ROW = 17;
const HEADER = 24;
/** Below this, a reason beside its transition is a column of single words. */
const LEAST_WHY = 170;
const MOVE_GAP = 14;
/** A longer reason is broken before its box is made wider for it. */
const LONGEST_WHY = 320;

const TAG_COLOURS: Readonly<Record<string, readonly [Colour, Colour]>> = {
  'hear.live': ['green', 'greenWash'],
  'hear.buffer': ['amber', 'amberWash'],
  'speak.live': ['blue', 'blueWash'],
  'speak.hold': ['amber', 'amberWash'],
  away: ['purple', 'purpleWash'],
  'link.up': ['green', 'greenWash'],
};

/** States with their transitions, one box below the other. */
export function drawDetail(states: readonly ChartState[], options: PictureOptions): string {
  const width = options.width ?? 920;
  const piece = stack(
    rowsOf(states, width - 2 * MARGIN, detailWish, (state, room) => detail(state, room, 0)),
  );
  return draw(piece, { ...options, width });
}

/** What holds what: names and tags only. */
export function drawOverview(chart: ChartState, options: PictureOptions): string {
  const width = options.width ?? 920;
  return draw(outline(chart, width - 2 * MARGIN, 0), { ...options, width });
}

function draw(piece: Piece, { title, width, side }: PictureOptions & { readonly width: number }): string {
  return sheet(width, piece.height + 2 * MARGIN, title, piece.paint(MARGIN, MARGIN), side);
}

function stack(pieces: readonly Piece[], gap = GAP): Piece {
  const height = pieces.reduce((sum, piece) => sum + piece.height, 0) + Math.max(0, pieces.length - 1) * gap;
  return {
    height,
    paint(x, y) {
      let top = y;
      return pieces.flatMap((piece) => {
        const parts = piece.paint(x, top);
        top += piece.height + gap;
        return parts;
      });
    },
  };
}

/** A frame with a title line and pieces inside. */
function frame(state: ChartState, width: number, depth: number, inside: readonly Piece[]): Piece {
  const body = stack(inside);
  const header = nameLine(state, width - 2 * PAD);
  const height = header.height + (inside.length > 0 ? body.height + PAD : 4);
  return {
    height,
    paint: (x, y, stretched = height) => [
      box(x, y, width, stretched, {
        fill: depth % 2 === 0 ? 'box' : 'inner',
        dashed: state.kind === 'final',
      }),
      ...header.paint(x + PAD, y),
      ...body.paint(x + PAD, y + header.height),
    ],
  };
}

/** The name, a dot where its parent begins, what it runs, and its tags; tags that find no room go below. */
function nameLine(state: ChartState, width: number): Piece {
  const { key, initial, tags } = state;
  const nameX = initial ? 12 : 0;
  const note = noteOf(state);
  const nameWidth = nameX + widthOf(key, NAME, 'mono') + (note ? 10 + widthOf(note, SMALL) : 0);
  const tagWidths = tags.map((tag) => widthOf(tag, SMALL - 1, 'mono') + 12);
  const tagsWidth = tagWidths.reduce((sum, one) => sum + one + 4, 0);
  const below = tags.length > 0 && nameWidth + 12 + tagsWidth > width;
  return {
    height: below ? HEADER + 18 : HEADER + 4,
    paint(x, y) {
      const parts = [text(x + nameX, y + 18, key, { size: NAME, font: 'mono', bold: true })];
      if (initial) parts.push(`<circle cx="${x + 4}" cy="${y + 13.5}" r="3.5" class="f-text"/>`);
      if (note)
        parts.push(
          text(x + nameX + widthOf(key, NAME, 'mono') + 10, y + 18, note, { size: SMALL, colour: 'muted' }),
        );
      let left = below ? x : x + width - tagsWidth + 4;
      for (const [index, tag] of tags.entries()) {
        const [colour, wash] = TAG_COLOURS[tag] ?? (['muted', 'box'] as const);
        const tagWidth = tagWidths[index] ?? 0;
        const top = below ? y + HEADER : y + 6;
        parts.push(box(left, top, tagWidth, 15, { fill: wash, stroke: 'none', radius: 7.5 }));
        parts.push(text(left + 6, top + 11, tag, { size: SMALL - 1, font: 'mono', colour }));
        left += tagWidth + 4;
      }
      return parts;
    },
  };
}

function detail(state: ChartState, width: number, depth: number): Piece {
  const room = width - 2 * PAD;
  const inside: Piece[] = [];
  const actions = [
    state.entry.length > 0 ? `on entry ${state.entry.join(', ')}` : '',
    state.exit.length > 0 ? `on exit ${state.exit.join(', ')}` : '',
  ].filter((part) => part !== '');
  if (actions.length > 0) inside.push(mutedLines(wrapText(actions.join(' · '), room, SMALL)));
  if (state.moves.length > 0) inside.push(moveTable(state.moves, room));
  inside.push(...rowsOf(state.states, room, detailWish, (child, width) => detail(child, width, depth + 1)));
  return frame(state, width, depth, inside);
}

function mutedLines(lines: readonly string[]): Piece {
  return {
    height: lines.length * 15,
    paint: (x, y) =>
      lines.map((content, index) => text(x, y + 11 + index * 15, content, { size: SMALL, colour: 'muted' })),
  };
}

/** Transitions in columns: event and guard, target, reason. The reason goes below where the columns leave it no room. */
function moveTable(moves: readonly ChartMove[], width: number): Piece {
  const headWidth = Math.max(...moves.map(headWidthOf));
  const targetWidth = Math.max(...moves.map(targetWidthOf));
  const whyX = headWidth + targetWidth + 2 * MOVE_GAP;
  const longest = Math.max(...moves.map(({ why = '' }) => widthOf(why, SMALL)));
  const beside = width - whyX >= Math.min(LEAST_WHY, longest);
  const rows = moves.map((move) => {
    const why = wrapText(move.why ?? '', beside ? width - whyX : width - MOVE_GAP, SMALL);
    return { move, why, height: (beside ? Math.max(1, why.length) : 1 + why.length) * ROW };
  });
  return {
    height: rows.reduce((sum, row) => sum + row.height, 0),
    paint(x, y) {
      let top = y;
      return rows.flatMap(({ move, why, height }) => {
        const base = top + 12;
        const parts = [text(x, base, move.on, { size: SMALL, font: 'mono', colour: colourOf(move) })];
        if (move.guard) {
          parts.push(
            text(x + widthOf(`${move.on} `, SMALL, 'mono'), base, `[${move.guard}]`, {
              size: SMALL,
              font: 'mono',
              colour: 'purple',
            }),
          );
        }
        const colour = move.to === undefined ? 'muted' : 'green';
        parts.push(
          text(x + headWidth + MOVE_GAP, base, nameTarget(move), { size: SMALL, font: 'mono', colour }),
        );
        why.forEach((content, index) => {
          const at = beside
            ? { x: x + whyX, y: base + index * ROW }
            : { x: x + MOVE_GAP, y: base + (index + 1) * ROW };
          parts.push(text(at.x, at.y, content, { size: SMALL, colour: 'muted' }));
        });
        top += height;
        return parts;
      });
    },
  };
}

const headWidthOf = ({ on, guard }: ChartMove): number =>
  widthOf(guard === undefined ? on : `${on} [${guard}]`, SMALL, 'mono');

const targetWidthOf = (move: ChartMove): number => widthOf(nameTarget(move), SMALL, 'mono');

const nameTarget = ({ to }: ChartMove): string => (to === undefined ? '· stays' : `→ ${to}`);

function colourOf({ on }: ChartMove): Colour {
  if (on === 'always') return 'text';
  return on.startsWith('after ') ? 'amber' : 'blue';
}

function outline(state: ChartState, width: number, depth: number): Piece {
  const room = width - 2 * PAD;
  const inside = rowsOf(state.states, room, outlineWish, (child, own) => outline(child, own, depth + 1));
  return frame(state, width, depth, inside);
}

/** States side by side as far as they fit, in their order; those of a row share its room and its height. */
function rowsOf(
  states: readonly ChartState[],
  room: number,
  wishOf: (state: ChartState) => number,
  build: (state: ChartState, width: number) => Piece,
): Piece[] {
  const rows: { state: ChartState; wish: number }[][] = [];
  for (const state of states) {
    const entry = { state, wish: Math.min(room, wishOf(state)) };
    const last = rows.at(-1);
    const used = last?.reduce((sum, { wish }) => sum + wish + GAP, 0) ?? 0;
    if (last && used + entry.wish <= room) last.push(entry);
    else rows.push([entry]);
  }
  return rows.map((row) => {
    const spare = room - row.reduce((sum, { wish }) => sum + wish, 0) - GAP * (row.length - 1);
    const placed = row.map(({ state, wish }) => {
      const width = wish + spare / row.length;
      return { width, piece: build(state, width) };
    });
    const height = Math.max(...placed.map(({ piece }) => piece.height));
    return {
      height,
      paint(x, y) {
        let left = x;
        return placed.flatMap(({ piece, width }) => {
          const parts = piece.paint(left, y, height);
          left += width + GAP;
          return parts;
        });
      },
    };
  });
}

/** The least width at which every transition of a state stands on one line. */
function detailWish(state: ChartState): number {
  const { moves } = state;
  const widest = (measure: (move: ChartMove) => number): number => Math.max(0, ...moves.map(measure));
  const why = widest((move) => Math.min(widthOf(move.why ?? '', SMALL), LONGEST_WHY));
  const table = moves.length === 0 ? 0 : widest(headWidthOf) + widest(targetWidthOf) + why + 2 * MOVE_GAP;
  const held = Math.max(0, ...state.states.map(detailWish));
  return Math.max(table, held, titleWidthOf(state)) + 2 * PAD;
}

/** The least width a state looks well in: its name and tags, or two of its children beside each other. */
function outlineWish(state: ChartState): number {
  const children = state.states.map(outlineWish).sort((a, b) => b - a);
  const [first = 0, second = 0, third = 0] = children;
  const held =
    children.length > 0 ? first + second + (children.length > 4 ? third : 0) + 2 * GAP + 2 * PAD : 0;
  return Math.max(titleWidthOf(state) + 2 * PAD, held);
}

/** What stands behind the name. */
function noteOf({ kind, runs }: ChartState): string {
  const notes = runs.length > 0 ? [`runs ${runs.join(', ')}`] : [];
  if (kind === 'final') notes.push('the end');
  if (kind === 'parallel') notes.push('regions');
  return notes.join(' · ');
}

/** Name and note, or the tags below them. */
function titleWidthOf(state: ChartState): number {
  const name = widthOf(state.key, NAME, 'mono') + (state.initial ? 12 : 0);
  const note = noteOf(state);
  const behind = note === '' ? 0 : widthOf(note, SMALL) + 10;
  const tags = state.tags.reduce((sum, tag) => sum + widthOf(tag, SMALL - 1, 'mono') + 16, 0);
  return Math.max(name + behind, tags);
}
