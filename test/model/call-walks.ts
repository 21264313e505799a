/**
 * @module The walks of the call chart: what each is about, which events it takes, and what it tells apart.
 */
import type { CallContext, CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { candidatesOf, cutsAfter } from './candidates.ts';
import { DEEP } from './coverage.ts';
import { foldAway, foldEnd, foldFailures, foldOpening, foldSides, foldTalk } from './folds.ts';
import { callLogic, createRig, POLICY, RUNTIME_POLICY } from './rig.ts';
import type { Walk } from './walk.ts';

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
const ASIDE =
  /^(record|digits|leg\.|media|target\.|session\.lost,|transfer\.(?!requested term)|limit|xstate\.after\.media)/;
const without = (pattern: RegExp) => (symbol: string) => !pattern.test(symbol);

/** A walk by name, with the setting of the calls it walks. */
export interface CallWalk extends Pick<Walk<CallContext>, 'name' | 'folding' | 'takes' | 'fold' | 'prefix'> {
  readonly policy: CallPolicy;
  /** Events left to other walks even where every walk takes all it can, as told in coverage.ts. */
  readonly never?: RegExp;
  readonly direction?: 'inbound' | 'outbound';
}

export const CALL_WALKS: readonly CallWalk[] = [
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
    // Each multiplies every count of failures in a row, and has its own walks in a folding without these counts.
    never:
      /^(record|digits|limit|say|transfer|target|voice|media|leg\.(verdict|beep|media)|xstate\.after\.(media|voice|digit))/,
    fold: foldFailures,
  },
  ...(['inbound', 'outbound'] as const).map((direction): CallWalk => ({
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
    name: 'a greeting that is not to be interrupted, and a caller who speaks',
    folding: 'dialogue × floor × session × alive × turn',
    policy: policy({ greeting: 'closed' }),
    prefix: UP,
    takes: (symbol) =>
      /^(session\.ready|gen\.(started (greeting|self)|audio|done)|playout|voice|xstate\.after\.(generating|voice))/.test(
        symbol,
      ),
    fold: foldTalk,
  },
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
      /^(record|digits|voice|media|limit|session.lost,|gen.started withdrawn|gen.(stalled|failed)|tool|turn|say|xstate.after.(filler|gener))/,
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
  ...[true, false].map((recording): CallWalk => ({
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

/** What a walk's line says, on the chart and its rig. */
export const walkOf = ({ policy, direction = 'inbound', never, ...walk }: CallWalk): Walk<CallContext> => ({
  ...walk,
  takes: DEEP ? (symbol) => !never?.test(symbol) : walk.takes,
  logic: callLogic,
  input: { id: 'walk', direction, policy },
  candidates: (snapshot) => candidatesOf(snapshot, policy),
  answers: cutsAfter,
  start: (inspect) => createRig(policy, direction, inspect),
});
