/**
 * @module What an event costs the call chart: alone, watched, with its lines in the log, with the log in a file. One
 * turn with a barge-in is eight events, one of them stale; the figure is their mean, orders included.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnyMachineSnapshot, createActor, fromCallback } from 'xstate';
import { createCallLogic } from '../../src/machines/call/machine.ts';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { govern } from '../../src/machines/govern.ts';
import { staleForCall } from '../../src/machines/stale.ts';
import { createCallLog, createFileSink, LOG_FORMAT, type LogSink } from '../../src/runtime/call-log.ts';
import { createSystemClock, latchClock } from '../../src/runtime/clock.ts';
import { createLogWatcher } from '../../src/runtime/log-watcher.ts';
import { hashSnapshot } from '../../src/runtime/snapshot-hash.ts';
import { createSwitchboard, type OpenPort } from '../../src/runtime/switchboard.ts';
import { type StageCost, time } from './time.ts';

const POLICY: CallPolicy = {
  turns: 'model',
  answerAfter: 500,
  interruptAfter: 0,
  greeting: 'none',
  voicemail: false,
  recording: false,
  maxDuration: 3_600_000,
  ringTimeout: 60_000,
  transferReportsAnswer: false,
  longestBridge: 7_200_000,
  returnAfterFailure: false,
  endingTools: [],
  tools: {},
  maxToolRounds: 8,
};
const INPUT = { id: 'bench', direction: 'inbound', policy: POLICY } as const;

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;
interface Chart {
  send(event: Event): void;
  snapshot(): AnyMachineSnapshot;
  stop(): void;
}

export function measureChart(): StageCost[] {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-stage-'));
  try {
    const bare = startBare();
    converse(bare);
    const hash = time(() => void hashSnapshot(bare.snapshot()));
    bare.stop();
    const memory: LogSink = { write: () => undefined, close: () => undefined };
    const file = createFileSink(join(directory, 'bench.call.log'));
    return [
      event('call chart, an event', startBare()),
      event('call chart, inspected', startWatched()),
      event('call chart, inspected and logged', startWatched(memory)),
      event('call chart, the log in a file', startWatched(file)),
      { stage: 'hash of a snapshot, all of it', ns: hash, per: 'snapshot' },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function event(stage: string, chart: Chart): StageCost {
  const turn = converse(chart);
  const ns = time(turn.run) / turn.events;
  chart.stop();
  return { stage, ns, per: 'event' };
}

/** The chart with ports that do nothing, and nobody watching. */
function startBare(): Chart {
  const silent = fromCallback(() => undefined);
  const ports = { leg: silent, session: silent, screen: silent, start: silent, limit: silent, tool: silent };
  const logic = govern(createCallLogic(ports), { name: 'call', staleness: staleForCall });
  const actor = createActor(logic, { input: INPUT });
  actor.start();
  return {
    send: (given) => actor.send(given),
    snapshot: () => actor.getSnapshot() as AnyMachineSnapshot,
    stop: () => actor.stop(),
  };
}

/** The chart as a call runs it: on the switchboard, each event a stimulus, its log written when that is over. */
function startWatched(sink?: LogSink): Chart {
  const switchboard = createSwitchboard();
  const header = {
    format: LOG_FORMAT,
    runtime: 'bench',
    call: INPUT.id,
    epoch: 0,
    charts: {},
    input: INPUT,
  } as const;
  const log = sink && createCallLog(header, sink);
  const clock = latchClock(createSystemClock(), () => log?.flush());
  const open: OpenPort = () => ({});
  const ports = { leg: open, connection: open, screen: open, start: open, limit: open, tool: open };
  const unplug = switchboard.plug(INPUT.id, {
    ports,
    watchers: log ? [createLogWatcher(log)] : [],
    now: () => clock.now(),
    stimulus: (work) => clock.stimulus(work),
    threw: (chart, error) => {
      throw new Error(`${chart} threw in the bench`, { cause: error });
    },
  });
  const actor = createActor(switchboard.logic, {
    id: 'call',
    input: INPUT,
    clock,
    inspect: switchboard.inspect(INPUT.id),
  });
  clock.stimulus(() => actor.start());
  return {
    send: (given) => clock.stimulus(() => actor.send(given)),
    snapshot: () => actor.getSnapshot() as AnyMachineSnapshot,
    stop: () => {
      clock.stimulus(() => actor.stop());
      unplug();
      log?.close();
    },
  };
}

/** Brings a call to where it converses. @returns one turn of it, over and over */
function converse(chart: Chart): { readonly run: () => void; readonly events: number } {
  chart.send({ type: 'screen.done', accept: true, code: '', policy: POLICY });
  chart.send({ type: 'session.ready', connection: 1 });
  chart.send({ type: 'start.done' });
  chart.send({ type: 'leg.mediaStarted', epoch: 1 });
  chart.send({ type: 'leg.answered' });
  let gen = 0;
  const run = (): void => {
    gen += 1;
    chart.send({ type: 'voice.start', epoch: 1 });
    chart.send({ type: 'playout.cut', gen: gen - 1, playedMs: 900, method: 'exact' });
    chart.send({ type: 'voice.stop', epoch: 1 });
    chart.send({ type: 'turn.committed', turn: 'i', chars: 0 });
    chart.send({ type: 'gen.started', gen });
    chart.send({ type: 'gen.audio', gen });
    chart.send({ type: 'gen.done', gen, audioMs: 2_000, tools: 0, reason: 'completed' });
    chart.send({ type: 'gen.audio', gen: gen - 1 });
  };
  run();
  const state = JSON.stringify(chart.snapshot().value);
  if (!state.includes('conversing')) throw new Error(`the bench's call does not converse: ${state}`);
  return { run, events: 8 };
}
