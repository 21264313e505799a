/**
 * @module What can happen to a call, as the words of a script: `wait 500`, `voice on`, `mood tool`. Each is possible at
 * any moment; what makes no sense in the state of the call does nothing, as in life.
 */
import type { Mood } from './model.ts';
import type { MarkMood } from './network.ts';
import type { Fact, World } from './world.ts';

/** The caller's voice, and since when it has been on without a break. */
export interface Caller {
  voice: boolean;
  since: number;
}

export interface Scene {
  readonly world: World;
  readonly caller: Caller;
  /** Transfers asked for so far: each has a name of its own. */
  transfers: number;
}

export const MARK_MOODS: readonly MarkMood[] = ['prompt', 'late', 'lost', 'twice'];
export const HINTS = [
  'target.answered',
  'target.accepted',
  'transfer.bridged',
  'transfer.completed',
  'transfer.failed',
];

const isOn = (value: string): boolean => value === 'on';

const ACTIONS: Readonly<Record<string, (scene: Scene, value: string) => void>> = {
  wait: ({ world }, value) => world.clock.advance(Number(value)),

  // The caller
  voice({ world, caller }, value) {
    // Speech reaches the model where the call is heard live; the stop of a voice may get lost.
    if (!world.snapshot.hasTag('hear.live')) return;
    if (isOn(value) && !caller.voice) caller.since = world.clock.now();
    caller.voice = isOn(value);
    world.model.voice(caller.voice);
  },
  speak(scene, value) {
    perform(scene, 'voice on');
    perform(scene, `wait ${value}`);
    perform(scene, 'voice off');
  },
  press: ({ world }, key) => world.network.press(key),

  // The model
  mood: ({ world }, value) => void Object.assign(world.model, { mood: value as Mood, stays: false }),
  always: ({ world }, value) => void Object.assign(world.model, { mood: value as Mood, stays: true }),
  chars: ({ world }, value) => void (world.model.chars = Number(value)),
  opens: ({ world }, value) => void (world.model.opens = isOn(value)),
  'confirms-cancel': ({ world }, value) => void (world.model.confirms = isOn(value)),
  lose: ({ world }, value) => world.model.lose(value !== 'for-good'),
  volunteer: ({ world }) => world.model.volunteer(),
  reopen: ({ world }) => world.model.reopen(),

  // The network
  marks: ({ world }, value) => void (world.network.marks = value as MarkMood),
  answers: ({ world }, value) => void (world.network.answers = isOn(value)),
  answer: ({ world }) => world.network.answer(),
  'confirms-hangup': ({ world }, value) => void (world.network.confirms = isOn(value)),
  frames: ({ world }, value) => void (world.network.frames = isOn(value)),
  media({ world }, value) {
    const { network } = world;
    if (value !== 'back') network.stopMedia(value === 'taken');
    if (value === 'blinks') world.clock.advance(300);
    if (value === 'back' || value === 'blinks') network.startMedia();
  },
  verdict: ({ world }, value) => world.network.tell({ type: 'leg.verdict', result: value as 'human' }),
  beep: ({ world }) => world.network.tell({ type: 'leg.beep' }),
  hangup: ({ world }, value) => world.network.hangUp('caller', value === 'busy' ? 'busy' : 'completed'),
  hint: ({ world, transfers }, type) =>
    world.tell('call', { type, request: `t${transfers}`, reason: 'busy' }),

  // The program
  screen: ({ world }, value) => void (world.program.screen = value as 'accept'),
  starts: ({ world }, value) => void (world.program.starts = isOn(value)),
  'tool-time': ({ world }, value) => void (world.program.toolTime = Number(value)),
  say: ({ world }) => world.tell('call', { type: 'say.requested' }),
  play({ world }, value) {
    if (/greeting|conversing|returning/.test(JSON.stringify(world.snapshot.value))) world.play(Number(value));
  },
  collect: ({ world }, value) =>
    world.tell('call', { type: 'digits.collect', request: 1, max: Number(value), first: 5_000, next: 2_000 }),
  record: ({ world }, value) => world.tell('call', { type: `record.${value}` }),
  transfer(scene, after) {
    scene.transfers += 1;
    scene.world.tell('call', { type: 'transfer.requested', request: `t${scene.transfers}`, after });
  },
  end: ({ world }) => world.tell('call', { type: 'agent.end', reason: 'test' }),
  limit: ({ world }) => world.tell('call', { type: 'limit.reached' }),
  fault: ({ world }) => world.tell('call', { type: 'fault', actor: 'test', code: 'TEST' }),

  // What was told is told again
  again: ({ world }, value) => repeat(world, 'call', Number(value)),
  echo: ({ world }, value) => repeat(world, 'session', Number(value)),
};

/** Does what one line of a script says. */
export function perform(scene: Scene, action: string): void {
  const space = action.indexOf(' ');
  const name = space < 0 ? action : action.slice(0, space);
  const work = ACTIONS[name];
  if (!work) throw new Error(`no action "${action}"; known are ${Object.keys(ACTIONS).join(', ')}`);
  work(scene, space < 0 ? '' : action.slice(space + 1));
}

/** Facts that a port or the carrier may tell twice, late and out of order: each names what it is about. */
const TWICE = {
  call: /^(gen|playout|session|leg\.(media|answered|ringing)|target)\.?|^tool\.(call|done)|^transfer\.(?!requested)/,
  session: /^(gen\.(audio|done|failed|stalled)|session\.|tool\.call)/,
};

/** Tells a chart once more what it was told before: nothing may come of it. */
function repeat(world: World, chart: 'call' | 'session', index: number): void {
  const connection = world.snapshot.context.lastConnection;
  const isOld = (fact: Fact): boolean =>
    Number(fact['connection'] ?? fact['epoch'] ?? connection) < connection;
  const isRepeatable = (fact: Fact): boolean =>
    TWICE[chart].test(fact.type) || (/^(voice|gen|turn)\./.test(fact.type) && isOld(fact));
  // Each kind of fact as often as any other, however rare it is.
  const kinds = Map.groupBy(world.past[chart].filter(isRepeatable), ({ type }) => type);
  const told = [...kinds.values()][index % Math.max(1, kinds.size)];
  const fact = told?.[index % told.length];
  if (!fact || world.snapshot.status !== 'active') return;
  const before = stateOf(world);
  world.tell(chart, fact);
  if (stateOf(world) === before) return;
  world.laws.broken(`${fact.type}, told to the ${chart} chart a second time, has an effect`);
}

function stateOf({ snapshot, laws }: World): string {
  const session = snapshot.children['session']?.getSnapshot() as { value: unknown; context: unknown };
  return JSON.stringify([snapshot.value, snapshot.context, session.value, session.context, laws.orders]);
}
