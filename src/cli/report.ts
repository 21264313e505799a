/**
 * @module The demo's report: the facts of the call as `--json` prints them, and what about them was not as the script
 * has it.
 */
import type { Outcome } from '../call.ts';
import type { CallEvent } from '../exchange/index.ts';
import type { MemorySpan } from '../trace/memory.ts';
import type { LogFacts, RecordingFacts } from './artefacts.ts';
import type { Happening } from './happenings.ts';
import type { MeasuredBargeIn, MeasuredTurn } from './measure.ts';

export interface ReportLine {
  readonly role: 'user' | 'assistant';
  readonly generated: string;
  readonly heard: string;
  /** `whole`, `estimated` or `none` for the agent; `transcript` for the caller, as the model understood them. */
  readonly method: string;
}

/** Exactly what `offhook demo --json` prints. Times in ms. */
export interface DemoReport {
  readonly provider: string;
  /** States of the call entered, in order, transient ones included. */
  readonly states: readonly string[];
  readonly outcome: Outcome['status'];
  readonly endedBy: Outcome['endedBy'];
  readonly transcript: readonly ReportLine[];
  readonly turns: readonly MeasuredTurn[];
  readonly bargeIns: readonly MeasuredBargeIn[];
  readonly toolCalls: readonly { readonly name: string; readonly ok: boolean }[];
  readonly recording: RecordingFacts;
  readonly log: string | null;
  readonly replay: LogFacts['replay'];
  readonly spans: readonly Pick<MemorySpan, 'name' | 'parent' | 'ended'>[];
  readonly openAtEnd: number;
}

export interface ReportParts {
  readonly provider: string;
  readonly happenings: readonly Happening[];
  readonly outcome: Outcome;
  readonly turns: readonly MeasuredTurn[];
  readonly bargeIns: readonly MeasuredBargeIn[];
  readonly recording: RecordingFacts;
  readonly log: LogFacts;
  readonly spans: readonly MemorySpan[];
  readonly openAtEnd: number;
}

/** Puts the report together. */
export function createReport(parts: ReportParts): DemoReport {
  const { happenings, outcome } = parts;
  return {
    provider: parts.provider,
    states: happenings.flatMap((happening) => (happening.type === 'state' ? happening.states : [])),
    outcome: outcome.status,
    endedBy: outcome.endedBy,
    transcript: happenings.flatMap((happening) => (happening.type === 'said' ? [lineOf(happening)] : [])),
    turns: parts.turns,
    bargeIns: parts.bargeIns,
    toolCalls: happenings.flatMap((happening) =>
      happening.type === 'tool' ? [{ name: happening.name, ok: happening.ok }] : [],
    ),
    recording: parts.recording,
    log: parts.log.log,
    replay: parts.log.replay,
    spans: parts.spans.map(({ name, parent, ended }) => ({ name, parent, ended })),
    openAtEnd: parts.openAtEnd,
  };
}

function lineOf(said: Extract<Happening, { type: 'said' }>): ReportLine {
  if (said.role === 'user') {
    return { role: 'user', generated: said.heard, heard: said.heard, method: 'transcript' };
  }
  const { generated, heard, method } = said;
  return { role: 'assistant', generated, heard, method };
}

/** What kind of call was asked for: the scripted one, one with a real model, or one with the user's own recording. */
export type DemoKind = 'scripted' | 'open';

/** What was not as it should be, one sentence each; empty if all was. */
export function findFaults(report: DemoReport, kind: DemoKind, events: readonly CallEvent[]): string[] {
  const faults = kind === 'scripted' ? findScriptFaults(report, events) : findOpenFaults(report);
  const add = (wrong: boolean, text: string): void => {
    if (wrong) faults.push(text);
  };
  add(report.outcome !== 'completed', `The call ended as ${report.outcome}.`);
  add(report.recording.files.length !== 3, `${report.recording.files.length} of 3 recordings were written.`);
  add(!report.replay.equal, 'The replay of the log came out differently.');
  add(
    report.spans.some((span) => !span.ended),
    'A span of the trace was not ended.',
  );
  add(report.openAtEnd !== 0, `${report.openAtEnd} sockets, timers, calls or files were left open.`);
  return faults;
}

function findScriptFaults(report: DemoReport, events: readonly CallEvent[]): string[] {
  const faults: string[] = [];
  const add = (wrong: boolean, text: string): void => {
    if (wrong) faults.push(text);
  };
  const orders = report.toolCalls.filter(({ name }) => name === 'check_order');
  const [bargeIn] = report.bargeIns;
  for (const event of events) add(event.type === 'timeout', 'The caller waited for the agent in vain.');
  add(report.endedBy !== 'agent', `The ${report.endedBy} ended the call, not the agent.`);
  add(orders.length !== 1 || !orders[0]?.ok, `check_order was run ${orders.length} times, not once.`);
  add(report.turns.length < 3, `${report.turns.length} of 3 turns were answered.`);
  add(report.bargeIns.length !== 1, `There were ${report.bargeIns.length} barge-ins, not one.`);
  add(bargeIn?.reactionMs === null, 'The agent did not stop when it was interrupted.');
  add(
    (bargeIn?.staleFrames ?? 0) > 0,
    `${bargeIn?.staleFrames} frames of the cut answer came after it was cut.`,
  );
  return faults;
}

function findOpenFaults(report: DemoReport): string[] {
  return report.turns.length === 0 ? ['Nothing the caller said was answered.'] : [];
}
