/**
 * @module Plays a course from the first ring to the end and says which law it broke, if any. After the course the
 * world behaves: whatever the agent still owes is heard, a caller who speaks is answered, and the call ends.
 */
import { isInterruptible } from '../model/invariants.ts';
import { type Caller, perform, type Scene } from './actions.ts';
import { type Course, policyOf } from './script.ts';
import { owes } from './silence.ts';
import { createWorld, type Watching, type World } from './world.ts';

/** What a caller's silence, and a model that behaves from now on, give the agent time for. */
const PATIENCE = 60_000;

/** Plays it; returns the first law it broke. */
export function play(course: Course, watching?: Watching): string | undefined {
  const { direction, marks, actions, ends } = course;
  const world = createWorld({ policy: policyOf(course), direction, marks }, watching);
  const caller: Caller = { voice: false, since: 0 };
  const scene: Scene = { world, caller, transfers: 0 };
  try {
    for (const action of actions) {
      perform(scene, action);
      follow(scene);
      const breach = world.laws.failure ?? yieldBreach(scene);
      if (breach) return breach;
      if (world.snapshot.status !== 'active') break;
    }
    return settleBreach(scene, course.rest) ?? answerBreach(scene) ?? endBreach(scene, ends);
  } finally {
    world.dispose();
  }
}

/** Where the call is not heard, a voice is nobody's; after noise the detector has to hear the voice end first. */
function follow({ world: { snapshot }, caller }: Scene): void {
  if (!snapshot.hasTag('hear.live')) caller.voice = false;
  if (snapshot.matches({ live: { floor: 'noisy' } })) caller.since = Infinity;
}

/** 500 ms of voice are enough for any setting under test, and 15 s are too much to be speech. */
function yieldBreach({ world: { snapshot, clock, network }, caller }: Scene): string | undefined {
  if (snapshot.status !== 'active' || !caller.voice || !isInterruptible(snapshot)) return undefined;
  const talked = clock.now() - caller.since;
  if (talked < 500 || talked >= 15_000) return undefined;
  if (network.sounds) return 'the caller hears the agent talk over them';
  return snapshot.context.gens.length > 0 ? 'the agent talks over the caller' : undefined;
}

const isTalking = ({ snapshot }: World): boolean => snapshot.matches({ live: { dialogue: 'conversing' } });

const isAway = ({ snapshot }: World): boolean => snapshot.hasTag('away');

/** From here the world behaves: whatever the agent still owes is heard, or the call ends. */
function settleBreach(scene: Scene, rest: Course['rest']): string | undefined {
  const { world, caller } = scene;
  const { model, network, program, clock } = world;
  Object.assign(model, { mood: 'answer', stays: false, chars: 8, opens: true, confirms: true });
  Object.assign(network, { marks: 'prompt', frames: true, answers: true });
  Object.assign(program, { toolTime: 200, screen: 'accept', starts: true });
  network.answer();
  if (world.snapshot.context.mediaEpoch > 0) network.startMedia();
  if (caller.voice && rest !== 'voice') perform(scene, 'voice off');
  const owed = owes(world.snapshot.context) && !world.snapshot.context.gens.some(({ audio }) => audio);
  const from = clock.now();
  const wasAway = isAway(world);
  if (rest === 'noise') makeNoise(scene);
  clock.advance(PATIENCE);
  if (world.laws.failure) return world.laws.failure;
  const { snapshot } = world;
  if (snapshot.status !== 'active' || wasAway || isAway(world)) return undefined;
  if (owed && network.heardAt <= from) return 'owed an answer and never gave it';
  if (model.turnAt > network.sentAt && isTalking(world))
    return 'the caller said something and heard no answer';
  if (owes(snapshot.context)) return `still owes after ${PATIENCE} ms: ${JSON.stringify(snapshot.value)}`;
  return undefined;
}

/** Sounds that say nothing, each too long to be overheard and gone before it could be taken for noise. */
function makeNoise(scene: Scene): void {
  const { model } = scene.world;
  for (let times = 0; times < 6; times += 1) {
    model.chars = 0;
    perform(scene, 'speak 600');
    perform(scene, 'wait 3000');
  }
  model.chars = 8;
}

/** Whatever went before: a caller who speaks in a talk is answered. */
function answerBreach(scene: Scene): string | undefined {
  const { world, caller } = scene;
  const isTalk = (): boolean => world.snapshot.matches({ live: { dialogue: { conversing: 'listening' } } });
  if (world.snapshot.status !== 'active' || !isTalk() || caller.voice) return undefined;
  // The first may be no more than the end of a noise before it.
  for (let times = 0; times < 2; times += 1) {
    perform(scene, 'speak 800');
    const from = world.clock.now();
    world.clock.advance(10_000);
    if (world.laws.failure) return world.laws.failure;
    if (world.snapshot.status !== 'active' || world.network.heardAt > from) return undefined;
  }
  return 'the caller spoke twice and was not answered';
}

const END: Readonly<Record<Course['ends'], (scene: Scene) => void>> = {
  hangup: ({ world }) => world.network.hangUp('caller'),
  line({ world: { network } }) {
    network.tell({ type: 'leg.ended', status: 'completed', durationMs: 1 });
    network.hangUp('platform');
  },
  agent: (scene) => perform(scene, 'end'),
  // The last words that are asked for never begin, or never end.
  'agent-unanswered': (scene) => endInAnswer(scene, 'silent'),
  'agent-endless': (scene) => endInAnswer(scene, 'endless'),
  limit: (scene) => perform(scene, 'limit'),
  fault: (scene) => perform(scene, 'fault'),
};

/** A tool that may finish takes 20 s beside the 12 that the line takes; what is being said, its length or a minute. */
const endsWithin = (ends: Course['ends']): number =>
  ['hangup', 'line', 'agent-unanswered'].includes(ends) ? 25_000 : 110_000;

function endInAnswer(scene: Scene, mood: string): void {
  for (const action of [
    `always ${mood}`,
    'tool-time 20000',
    'confirms-hangup off',
    'speak 800',
    'wait 1000',
    'end',
  ])
    perform(scene, action);
}

/** Two people who were put through to each other are not parted by a fault of ours. */
const mayGoOn = (world: World, ends: Course['ends']): boolean =>
  ends === 'fault' && world.snapshot.matches({ live: { dialogue: 'handedOff' } });

function endBreach(scene: Scene, ends: Course['ends']): string | undefined {
  const { world } = scene;
  if (world.snapshot.status === 'active') END[mayGoOn(world, ends) ? 'hangup' : ends](scene);
  world.clock.advance(endsWithin(ends));
  const { snapshot, clock, open } = world;
  if (world.laws.failure) return world.laws.failure;
  if (snapshot.status !== 'done') return `does not end: ${JSON.stringify(snapshot.value)}`;
  if (clock.pending > 0) return `${clock.pending} timers outlive the call`;
  if (snapshot.context.outcome.reason === 'unfinished') return 'the call ends without saying why';
  return open.size > 0 ? `ports outlive the call: ${[...open].join(' ')}` : undefined;
}
