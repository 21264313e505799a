/**
 * The call chart, walked: the shortest path to every state under a printed folding, then one step along every edge,
 * on a real actor with every law checked after every step and every stale event tried in every state.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { CallContext, CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { candidatesOf } from './candidates.ts';
import { foldAway, foldEnd, foldFailures, foldOpening, foldSides, foldTalk } from './folds.ts';
import { callLogic, createRig, POLICY, RUNTIME_POLICY } from './rig.ts';
import { runWalk, transitionsOf, type Walk } from './walk.ts';

const UP = ['screen.done yes', 'leg.answered', 'leg.mediaStarted', 'start.done'];
const TALKING = [
  ...UP,
  'session.ready',
  'gen.started greeting',
  'gen.audio greeting',
  'gen.done greeting+',
  'playout.drained greeting',
];
const policy = (change: Partial<CallPolicy>, base = POLICY): CallPolicy => ({ ...base, ...change });

/** Matters of the other walks. */
const ASIDE = /^(record|digits|leg\.|media|target\.|transfer\.(?!requested term)|limit|xstate\.after\.media)/;
const without = (pattern: RegExp) => (symbol: string) => !pattern.test(symbol);

interface Named extends Pick<Walk<CallContext>, 'takes' | 'fold' | 'prefix'> {
  readonly name: string;
  readonly folding: string;
  readonly policy: CallPolicy;
  readonly direction?: 'inbound' | 'outbound';
}

const WALKS: readonly Named[] = [
  {
    name: 'a talk, turns taken by the model',
    folding: 'dialogue × floor × session × alive × turn',
    policy: POLICY,
    prefix: UP,
    takes: (symbol) =>
      symbol === 'leg.hangup' ||
      !(ASIDE.test(symbol) || /^(turn.reopened|gen.failed superseded|gen.started own)/.test(symbol)),
    fold: foldTalk,
  },
  {
    name: 'a talk, turns taken by the runtime',
    folding: 'dialogue × floor × session × alive × turn',
    policy: RUNTIME_POLICY,
    prefix: TALKING,
    takes: without(
      new RegExp(
        `${ASIDE.source}|^(say|fault|agent.end|transfer|gen.started (own|withdrawn)|gen.stalled|gen.failed|tool|session.failed|start)`,
      ),
    ),
    fold: foldTalk,
  },
  {
    name: 'failure upon failure',
    folding: 'dialogue × alive × turn × misses ≤ 2 × apologies ≤ 2 × tool rounds ≤ 2',
    policy: RUNTIME_POLICY,
    prefix: TALKING,
    takes: without(
      new RegExp(
        `${ASIDE.source}|^(voice|say|fault|agent.end|transfer|session.lost|gen.stalled|gen.started (own|self|withdrawn)|gen.failed|leg|tool.call hang|xstate.after.filler|turn.committed empty)`,
      ),
    ),
    fold: foldFailures,
  },
  ...(['inbound', 'outbound'] as const).map((direction): Named => ({
    name: `an ${direction} call's opening`,
    folding: 'dialogue × session × greeting × listeners × misses ≤ 1 × ending × media × alive',
    policy: policy({ greeting: 'closed' }),
    direction,
    takes: without(
      /^(record|digits|voice|transfer|target|say|leg.verdict|leg.beep|limit|media|turn|tool.done|gen.stalled|gen.started (own|self|withdrawn)|gen.failed (asked|super|filler|one|apo)|xstate.after.filler|xstate.after.generating)/,
    ),
    fold: foldOpening,
  })),
  {
    name: 'an opening without a greeting',
    folding: 'dialogue × session × greeting × listeners × misses ≤ 1 × ending × media × alive',
    policy: policy({ greeting: 'none' }),
    takes: without(
      /^(record|digits|voice|transfer|target|say|leg.verdict|leg.beep|limit|media|gen.started (own|withdrawn)|tool)/,
    ),
    fold: foldOpening,
  },
  {
    name: 'transfers and mailboxes',
    folding: 'dialogue × session × what follows the transfer × owed × media × line × alive',
    policy: POLICY,
    prefix: UP,
    takes: without(
      /^(record|digits|voice|media|limit|gen.started withdrawn|gen.(stalled|failed)|tool|turn|say|xstate.after.(filler|gener))/,
    ),
    fold: foldAway,
  },
  {
    name: 'transfers that can be taken back after a failure',
    folding: 'dialogue × session × what follows the transfer × owed × media × line × alive',
    policy: policy({ returnAfterFailure: true }),
    prefix: TALKING,
    takes: (symbol) =>
      /^(transfer|target|leg.media|leg.hangup|session|xstate.after.(transfer|consult|longest))/.test(symbol),
    fold: foldAway,
  },
  {
    name: 'the keypad',
    folding: 'tags × keypad × session × keys ≤ 3',
    policy: POLICY,
    prefix: UP,
    takes: without(
      /^(record|media|leg.media|leg.verdict|leg.beep|say|gen.started (own|withdrawn)|gen.(stalled|failed)|tool|turn|transfer.requested return|target)/,
    ),
    fold: foldSides('keypad'),
  },
  {
    name: 'media and its standing still',
    folding: 'tags × media × session',
    policy: POLICY,
    prefix: ['screen.done yes', 'leg.answered'],
    takes: without(/^(record|digits|leg.verdict|leg.beep|say|gen.started (own|withdrawn)|gen.stalled|tool)/),
    fold: foldSides('media'),
  },
  ...[true, false].map((recording): Named => ({
    name: `far end and recording, which is ${recording ? 'on' : 'off'} at first`,
    folding: 'tags × far end × recording × session',
    policy: policy({ recording, voicemail: false }),
    prefix: UP,
    takes: without(/^(media|leg.media|digits|say|gen|tool|voice|turn)/),
    fold: foldSides('farEnd', 'recording'),
  })),
  {
    name: 'the end',
    folding: 'dialogue × session × final word × line × tools × media × ending × alive',
    policy: POLICY,
    prefix: TALKING,
    takes: without(
      /^(record|digits|voice|transfer|target|leg.verdict|leg.beep|media|turn|record|start|gen.(failed|stalled)|gen.started (own|withdrawn)|session.failed)/,
    ),
    fold: foldEnd,
  },
];

/** Transitions that no walk takes, with the reason. */
const NEVER: Readonly<Record<string, string>> = {};

describe('the call chart', () => {
  const taken = new Set<string>();
  const lines: string[] = [];

  for (const { name, folding, policy: given, direction = 'inbound', ...walk } of WALKS) {
    it(`holds in ${name}`, () => {
      const report = runWalk<CallContext>({
        ...walk,
        logic: callLogic,
        input: { id: 'walk', direction, policy: given },
        candidates: (snapshot) => candidatesOf(snapshot, given),
        start: (watched) => createRig(given, direction, watched),
      });
      for (const key of report.taken) taken.add(key);
      lines.push(
        `${name}: ${report.states} states, ${report.edges} edges, ${report.steps} steps (${folding})`,
      );
      expect(report.strays, 'paths that did not run as they were found').toBe(0);
      expect(report.states).toBeGreaterThan(10);
    });
  }

  it('takes every transition it defines', () => {
    const all = transitionsOf(callLogic);
    const untaken = [...all].filter((key) => !taken.has(key)).sort();
    lines.push(`${all.size - untaken.length} of ${all.size} transitions taken`);
    expect(untaken).toEqual(Object.keys(NEVER).sort());
  });

  afterAll(() => process.stdout.write(`${lines.join('\n')}\n`));
});
