/**
 * @module Reads a call's timeline from its event log: the charts are run over it once more, so that the states in the
 * picture are those of the machine. Words come from the call's record or its transcripts, where there are any.
 */
import { parseCallLog } from '../../src/runtime/log-parse.ts';
import { createReplayCharts } from '../../src/runtime/replay-charts.ts';
import { pathsOf } from '../../src/runtime/switchboard.ts';

/** From `start` to `end`, in ms since the call's first event. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One reply as it was played. */
export interface Reply extends Span {
  readonly gen: number;
  /** All that was generated, played or not. */
  readonly audioMs: number;
  readonly cut: boolean;
}

export interface StateSpan extends Span {
  readonly state: string;
}

export interface ToolSpan extends Span {
  readonly name: string;
}

/** What somebody said. For the agent: what was heard, and the whole. */
export interface Words {
  readonly heard: string;
  readonly generated: string;
}

export interface CallFacts {
  /** The first event on the call's own clock: where the picture's time begins. */
  readonly begin: number;
  readonly length: number;
  /** The caller's voice: as the session's detector reports it, or as it was measured. */
  readonly caller: readonly Span[];
  readonly replies: readonly Reply[];
  /** The dialogue, or the phase while there is none. */
  readonly dialogue: readonly StateSpan[];
  readonly floor: readonly StateSpan[];
  readonly tools: readonly ToolSpan[];
  /** When the order to fall silent was given. */
  readonly bargeIns: readonly { readonly at: number; readonly gen: number }[];
}

type Fact = Readonly<Record<string, unknown>> & { readonly type: string };

/** Reads a log. @throws OffhookError OFFHOOK_LOG_INVALID for anything that is not a call log */
export function readCallFacts(log: string): CallFacts {
  const { input, lines } = parseCallLog(log);
  const begin = lines[0]?.at ?? 0;
  const facts = lines.flatMap(({ chart, at, fact }) =>
    fact && chart === 'call' ? [{ at: at - begin, source: fact.source, event: fact.event }] : [],
  );
  const steps: { at: number; paths: string[] }[] = [];
  const charts = createReplayCharts(input, {
    event: ({ chart, at, after }) => {
      if (chart === 'call') steps.push({ at, paths: pathsOf(after.value) });
    },
  });
  charts.start(0);
  for (const { at, source, event } of facts) charts.feed(at, 'call', source, event);
  charts.stop();
  const length = facts.at(-1)?.at ?? 0;
  return {
    begin,
    length,
    caller: readVoices(facts, length),
    replies: readReplies(facts),
    dialogue: spansOf(steps, length, (paths) => pick(paths, 'live.dialogue.') ?? paths[0] ?? ''),
    floor: spansOf(steps, length, (paths) => pick(paths, 'live.floor.') ?? ''),
    tools: readTools(facts),
    bargeIns: readBargeIns(lines, begin),
  };
}

interface TimedFact {
  readonly at: number;
  readonly event: Fact;
}

function readVoices(facts: readonly TimedFact[], length: number): Span[] {
  const spans: Span[] = [];
  let start: number | undefined;
  for (const { at, event } of facts) {
    if (event.type === 'voice.start') start ??= at;
    if (event.type === 'voice.stop' && start !== undefined) {
      spans.push({ start, end: at });
      start = undefined;
    }
  }
  return start === undefined ? spans : [...spans, { start, end: length }];
}

/** A reply was played until it drained or was cut; it began as long before that as was played of it. */
function readReplies(facts: readonly TimedFact[]): Reply[] {
  const generated = new Map<unknown, number>();
  for (const { event } of facts)
    if (event.type === 'gen.done') generated.set(event['gen'], Number(event['audioMs']));
  return facts.flatMap(({ at, event }) => {
    if (event.type !== 'playout.drained' && event.type !== 'playout.cut') return [];
    const played = Number(event['playedMs']);
    const gen = Number(event['gen']);
    const audioMs = generated.get(gen) ?? played;
    return [{ gen, start: at - played, end: at, audioMs, cut: event.type === 'playout.cut' }];
  });
}

function readTools(facts: readonly TimedFact[]): ToolSpan[] {
  const spans: ToolSpan[] = [];
  for (const [index, { at, event }] of facts.entries()) {
    if (event.type !== 'tool.call') continue;
    const done = facts
      .slice(index)
      .find((fact) => fact.event.type === 'tool.done' && fact.event['call'] === event['call']);
    spans.push({ name: String(event['name']), start: at, end: done?.at ?? at });
  }
  return spans;
}

function readBargeIns(lines: ReturnType<typeof parseCallLog>['lines'], begin: number): CallFacts['bargeIns'] {
  return lines.flatMap(({ at, fact, text }) => {
    if (fact) return [];
    const [, , , , order] = JSON.parse(text) as readonly [number, string, string, string, Fact?];
    return order?.type === 'flush' && order['by'] === 'voice'
      ? [{ at: at - begin, gen: Number(order['gen']) }]
      : [];
  });
}

const pick = (paths: readonly string[], prefix: string): string | undefined =>
  paths.find((path) => path.startsWith(prefix))?.slice(prefix.length);

function spansOf(
  steps: readonly { at: number; paths: string[] }[],
  length: number,
  nameOf: (paths: readonly string[]) => string,
): StateSpan[] {
  const spans: { state: string; start: number; end: number }[] = [];
  for (const { at, paths } of steps) {
    const state = nameOf(paths);
    const last = spans.at(-1);
    if (last?.state === state) continue;
    if (last) last.end = at;
    if (state !== '') spans.push({ state, start: at, end: length });
  }
  return spans.filter(({ start, end }) => end > start);
}
