/**
 * @module One cell: a call is brought into a state, a fault strikes one of its sockets, and the call goes on to
 * whatever end it comes to. What is measured is measured from outside.
 */
import type { Outcome } from '../../src/index.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { type Fault, isInTheNetwork, strike } from './faults.ts';
import { sceneOf } from './scenes.ts';
import type { CallStory } from '../story.ts';
import { type Broken, type Silence, silenceOf } from './silence.ts';
import { leftBy, openStage, type Stage } from './stage.ts';
import { isAnswered } from './talk.ts';
import type { WireKind } from './wires.ts';

export interface Cell {
  readonly state: string;
  readonly kind: WireKind;
  readonly fault: Fault;
  /** `next`: there was no such socket in that state, and the fault met the next one. */
  readonly struck: 'now' | 'next' | 'never' | 'missed';
  /** A question asked after the fault was answered in full. */
  readonly talked: boolean;
  /** The call was over before the fault. */
  readonly wasOver: boolean;
  readonly outcome: Outcome | undefined;
  readonly silence: Silence;
  readonly peak: number;
  readonly left: readonly string[];
}

/** The way into a state takes less than this. */
const REACH_MS = 60_000;
/** A call that has not ended by itself so long after the fault never will. */
const LIMIT_MS = 240_000;
/** What is closed at the end of a call is closed so soon. */
const CLOSED_WITHIN = 3_000;

export async function runCell(state: string, kind: WireKind, fault: Fault): Promise<Cell> {
  const stage = await openStage(sceneOf(state));
  const { world } = stage;
  try {
    let struck = await reach(stage, state, kind, fault);
    const wasOver = world.stories[0]?.outcome !== undefined;
    const isOver = (): boolean => {
      stage.measure();
      return world.stories[0]?.outcome !== undefined;
    };
    await world.clock.runUntil(isOver, LIMIT_MS).catch(() => stage.call?.hangUp());
    await world.clock.run(CLOSED_WITHIN);
    if (process.env['MATRIX_TRACE']) traceOf(stage);
    if (struck === 'next' && stage.wires.onOpen) struck = 'never';
    const { call, faultAt, peak } = stage;
    const [story] = world.stories;
    const left = leftBy(stage);
    if (story && !replayCallLog(world.log(story.handle.id)).equal) left.push('a log that does not replay');
    const silence = silenceOf(call, story, brokenBy(kind, fault, faultAt, story));
    const talked = call !== undefined && isAnswered(call, faultAt);
    await world.close().catch((error: Error) => left.push(error.message));
    const outcome = story?.outcome;
    return { state, kind, fault, struck, talked, wasOver, outcome, silence, peak, left };
  } finally {
    stage.wires.close();
  }
}

function brokenBy(kind: WireKind, fault: Fault, at: number, story: CallStory | undefined): Broken {
  const deafens = kind === 'media' && !['none', 'flooded', 'malformed'].includes(fault);
  const noticed = story?.steps.find(
    (step) => step.at >= at && step.entered.includes('live.dialogue.reconnecting'),
  );
  return {
    deafFrom: deafens ? at : Infinity,
    deadFrom: kind === 'model' && isInTheNetwork(fault) ? at : Infinity,
    deadTo: noticed?.at ?? Infinity,
  };
}

/** Runs until the call is in the state, and strikes. */
async function reach(stage: Stage, state: string, kind: WireKind, fault: Fault): Promise<Cell['struck']> {
  const { world, wires } = stage;
  const cues = [...(sceneOf(state).cues ?? [])];
  const isThere = (): boolean => {
    while (cues[0] && stage.isIn(cues[0].when)) cues.shift()!.run(stage);
    return cues.length === 0 && stage.isIn(state);
  };
  stage.begin();
  const met = await world.clock.runUntil(isThere, REACH_MS).then(
    () => true,
    () => false,
  );
  if (!met) return 'missed';
  stage.faultAt = world.clock.now();
  const wire = wires.find(kind);
  if (!wire) {
    arm(stage, kind, fault);
    return 'next';
  }
  strike(stage, wire, fault);
  return 'now';
}

/** For whoever wants to know why: everything both ends lived through, in order. */
function traceOf({ world, call, faultAt }: Stage): void {
  const lines: [number, string][] = [[faultAt, '*** the fault']];
  const [story] = world.stories;
  for (const { at, entered, why } of story?.steps ?? []) lines.push([at, `${entered.join(' ')} (${why})`]);
  for (const { at, role, text, details } of story?.said ?? [])
    lines.push([at, `${role}: ${text} ${JSON.stringify(details)}`]);
  for (const { at, ...event } of call?.events ?? [])
    if (event.type !== 'mark') lines.push([at, `  ${JSON.stringify(event)}`]);
  for (const [at, line] of lines.toSorted(([a], [b]) => a - b)) console.log(at, line);
  console.log(story?.outcome, story?.lost);
}

/** The fault waits for the next socket of its kind. */
function arm(stage: Stage, kind: WireKind, fault: Fault): void {
  stage.wires.onOpen = (wire) => {
    if (wire.kind !== kind) return;
    stage.wires.onOpen = undefined;
    if (isInTheNetwork(fault)) strike(stage, wire, fault);
    else wire.onAnswer = () => strike(stage, wire, fault);
  };
}
