/**
 * Random conversations against the two real charts in virtual time: callers who interrupt, mumble and never stop,
 * models that dawdle, refuse and die, carriers that repeat themselves. Whatever happens, the agent yields to the
 * caller, owes nobody an answer for ever, and every call comes to an end with nothing left running.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { isInterruptible, stateBreach } from '../model/invariants.ts';
import { POLICY, RUNTIME_POLICY } from '../model/rig.ts';
import type { Mood } from './model.ts';
import { createWorld, type Fact, type World } from './world.ts';

/** A voice that is on, and since when without a break. */
interface Caller {
  voice: boolean;
  since: number;
}

type Action = readonly [name: string, value?: number | string | boolean];

const MOODS: readonly Mood[] = [
  'slow',
  'empty',
  'fail',
  'refuse',
  'stall',
  'silent',
  'tool',
  'tool',
  'tool',
  'cancelled',
];
const HINTS = [
  'target.answered',
  'target.accepted',
  'transfer.bridged',
  'transfer.completed',
  'transfer.failed',
];

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 30, arbitrary: fc.tuple(fc.constant('wait'), fc.integer({ min: 1, max: 1_200 })) },
  { weight: 12, arbitrary: fc.tuple(fc.constant('wait'), fc.constantFrom(499, 500, 501)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('wait'), fc.constantFrom(4_000, 8_000, 16_000)) },
  { weight: 10, arbitrary: fc.tuple(fc.constant('voice'), fc.boolean()) },
  { weight: 16, arbitrary: fc.tuple(fc.constant('speak'), fc.integer({ min: 50, max: 2_500 })) },
  { weight: 16, arbitrary: fc.tuple(fc.constant('mood'), fc.constantFrom(...MOODS)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('mood'), fc.constant('hang_up')) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('chars'), fc.constantFrom(0, 8)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('lose'), fc.constantFrom(true, true, true, true, false)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('opens'), fc.boolean()) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('confirmsCancel'), fc.boolean()) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('digit')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('collect')) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('say')) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('toolTime'), fc.constantFrom(0, 200, 3_000, 20_000)) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant('transfer'), fc.constantFrom('terminate', 'return', 'return')),
  },
  { weight: 9, arbitrary: fc.tuple(fc.constant('hint'), fc.constantFrom(...HINTS)) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('again'), fc.nat({ max: 400 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('reopen')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('verdict'), fc.constantFrom('human', 'machine')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('end')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('fault')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('unconfirmed')) },
);

/** Most begin where the greeting is over, and the talk is under way. */
const conversation = fc
  .tuple(
    fc.constantFrom(0, 0, 1_000, 6_000, 6_000, 6_000),
    fc.array(action, { minLength: 10, maxLength: 60, size: 'max' }),
  )
  .map(([first, actions]): readonly Action[] => [['wait', first], ...actions]);

const policies: readonly CallPolicy[] = [
  POLICY,
  RUNTIME_POLICY,
  { ...RUNTIME_POLICY, interruptAfter: 0, greeting: 'none' },
  { ...POLICY, greeting: 'closed', voicemail: false, returnAfterFailure: true },
];

/** A few seconds' worth; `CONVERSATIONS=10000` for a deep run, `SEED=n` for other ones. fast-check prints both. */
const RUNS = Number(process.env['CONVERSATIONS'] ?? 2_000) / policies.length;
const SEED = Number(process.env['SEED'] ?? 20_260_101);

/** What a caller's silence, and a model that behaves from now on, give the agent time for. */
const PATIENCE = 60_000;

function perform(world: World, [name, value]: Action, caller: Caller): void {
  const { model, clock, snapshot } = world;
  const { context } = snapshot;
  switch (name) {
    case 'wait':
      return clock.advance(Number(value));
    case 'voice':
      // Speech reaches the model where the call is heard live; the stop of a voice may get lost.
      if (!snapshot.hasTag('hear.live')) return;
      if (value === true && !caller.voice) caller.since = clock.now();
      caller.voice = value === true;
      return model.voice(caller.voice);
    case 'speak':
      perform(world, ['voice', true], caller);
      perform(world, ['wait', value ?? 0], caller);
      perform(world, ['voice', false], caller);
      return;
    case 'mood':
      model.mood = value as Mood;
      return;
    case 'chars':
      model.chars = Number(value);
      return;
    case 'lose':
      return model.lose(value === true);
    case 'opens':
      model.opens = value === true;
      return;
    case 'confirmsCancel':
      model.confirmsCancel = value === true;
      return;
    case 'toolTime':
      world.toolTime = Number(value);
      return;
    case 'transfer':
      return world.send({ type: 'transfer.requested', request: `t${context.lastRequest}`, after: value });
    case 'hint':
      return world.send({ type: String(value), request: context.transfer?.request, reason: 'busy' });
    case 'again':
      return repeat(world, Number(value));
    case 'unconfirmed':
      world.confirms = false;
      return;
    default:
      return world.send(EVENTS[name]!(value));
  }
}

const EVENTS: Readonly<Record<string, (value: unknown) => Fact>> = {
  digit: () => ({ type: 'digits.key', class: 'digit', n: 1 }),
  collect: () => ({ type: 'digits.collect', request: 1, max: 2, first: 5_000, next: 5_000 }),
  say: () => ({ type: 'say.requested' }),
  reopen: () => ({ type: 'turn.reopened', turn: 'u' }),
  verdict: (result) => ({ type: 'leg.verdict', result }),
  end: () => ({ type: 'agent.end', reason: 'test' }),
  fault: () => ({ type: 'fault', actor: 'test', code: 'TEST' }),
};

/** Facts that name what they are about may come twice, late and out of order. */
function repeat(world: World, index: number): void {
  const numbered = world.past.filter(({ type }) => /^(gen|playout|session|tool\.(?!.*requested))/.test(type));
  const fact = numbered[index % Math.max(1, numbered.length)];
  if (fact && fact.type !== 'session.failed') world.send(fact);
}

/** Something is still to be said; what sounds already is its answer under way. */
function owes(world: World): boolean {
  const { context } = world.snapshot;
  // A line of the program's that the model refuses is told to the program, and owed to nobody.
  const answers = context.asked.filter(({ kind }) => kind === 'reply' || kind === 'greeting');
  return context.turn !== 'none' || context.owed || context.digitsWaiting || answers.length > 0;
}

/** Runs a conversation to its end; returns the first law it broke. */
function live(
  policy: CallPolicy,
  direction: 'inbound' | 'outbound',
  actions: readonly Action[],
): string | undefined {
  const world = createWorld(policy, direction, (at, before, after) => {
    at.failure ??= stateBreach(before, after);
    // Where the call is not heard, a voice is nobody's; what goes on there begins anew when it is heard again.
    if (!after.hasTag('hear.live')) caller.voice = false;
    // After noise the detector has to hear the voice end first.
    if (after.matches({ live: { floor: 'noisy' } })) caller.since = Infinity;
  });
  const caller: Caller = { voice: false, since: 0 };
  try {
    for (const entry of actions) {
      perform(world, entry, caller);
      if (world.failure) return world.failure;
      const breach = yieldBreach(world, caller);
      if (breach) return breach;
      if (world.snapshot.status !== 'active') break;
    }
    return settleBreach(world, caller) ?? answerBreach(world, caller) ?? endBreach(world);
  } finally {
    world.dispose();
  }
}

/** 500 ms of voice are enough for any setting under test, and 15 s are too much to be speech. */
function yieldBreach({ snapshot, clock }: World, caller: Caller): string | undefined {
  if (snapshot.status !== 'active' || !caller.voice || !isInterruptible(snapshot)) return undefined;
  const talked = clock.now() - caller.since;
  const { gens } = snapshot.context;
  return talked >= 500 && talked < 15_000 && gens.length > 0 ? 'the agent talks over the caller' : undefined;
}

/** From here the world behaves: whatever the agent still owes is heard, or the call ends. */
function settleBreach(world: World, caller: Caller): string | undefined {
  Object.assign(world.model, { mood: 'answer', chars: 8, opens: true, confirmsCancel: true });
  world.toolTime = 200;
  // Half of the voices never stop: their end was lost.
  if (caller.voice && world.clock.now() % 2 === 0) world.model.voice(false);
  const owed = owes(world) && !world.snapshot.context.gens.some(({ audio }) => audio);
  const from = world.clock.now();
  const wasAway = world.snapshot.hasTag('away');
  world.clock.advance(PATIENCE);
  if (world.failure) return world.failure;
  const { snapshot } = world;
  if (snapshot.status !== 'active' || wasAway || snapshot.hasTag('away')) return undefined;
  if (owed && world.heardAt < from && world.model.spokeAt < from) return 'owed an answer and never gave it';
  if (owes(world)) return `still owes after ${PATIENCE} ms: ${JSON.stringify(snapshot.value)}`;
  return undefined;
}

/** Whatever went before: a caller who speaks in a talk is answered. */
function answerBreach(world: World, caller: Caller): string | undefined {
  const isTalk = (): boolean => world.snapshot.matches({ live: { dialogue: { conversing: 'listening' } } });
  if (world.snapshot.status !== 'active' || !isTalk() || caller.voice) return undefined;
  // The first may be no more than the end of a noise before it.
  for (let times = 0; times < 2; times += 1) {
    perform(world, ['speak', 800], caller);
    const from = world.clock.now();
    world.clock.advance(10_000);
    if (world.failure) return world.failure;
    if (world.snapshot.status !== 'active' || world.model.spokeAt >= from) return undefined;
  }
  return 'the caller spoke twice and was not answered';
}

function endBreach(world: World): string | undefined {
  world.send({ type: 'leg.hangup', by: 'caller', status: 'completed' });
  world.clock.advance(40_000);
  const { snapshot, clock, open } = world;
  if (world.failure) return world.failure;
  if (snapshot.status !== 'done') return `does not end: ${JSON.stringify(snapshot.value)}`;
  if (clock.pending > 0) return `${clock.pending} timers outlive the call`;
  return open.size > 0 ? `ports outlive the call: ${[...open].join(' ')}` : undefined;
}

describe('any conversation', () => {
  it.each(
    policies.map(
      (policy, index) => [`${policy.turns} turns, greeting ${policy.greeting}`, policy, index] as const,
    ),
  )('with %s keeps every law and comes to its end', (_name, policy, index) => {
    fc.assert(
      fc.property(conversation, (actions) => {
        expect(live(policy, index % 2 === 0 ? 'inbound' : 'outbound', actions)).toBe(undefined);
      }),
      { numRuns: RUNS, seed: SEED + index, verbose: 1 },
    );
  });
});
