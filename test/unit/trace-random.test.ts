/**
 * Whatever a provider, a carrier and a caller do, in whatever order: once the call's chart has ended, its span tree
 * is closed, every span was ended once, and none of them by the sweep at the end.
 */
import { expect, it } from 'vitest';
import { createRandom } from '../../src/runtime/ids.ts';
import { createRig, type Rig } from './trace-rig.ts';

const CALLS = 300;
const STEPS = 60;
const WAITS = [0, 1, 20, 300, 499, 500, 501, 1_200, 4_000, 9_000];

/** Facts of any kind about anything that is or was alive; many are stale on arrival. */
function moves(rig: Rig, random: () => number): (() => void)[] {
  const below = (n: number): number => Math.floor(random() * n);
  let last = 0;
  let calls = 0;
  let transfers = 0;
  const gen = (): number => Math.max(1, last - below(3));
  const call = (): string => `c${Math.max(1, calls - below(3))}`;
  const request = (): string => `r${Math.max(1, transfers - below(2))}`;
  const tool = () =>
    rig.model({
      type: 'tool.call',
      gen: gen(),
      call: `c${(calls += 1)}`,
      name: below(4) === 0 ? 'book' : 'find',
    });
  return [
    () => rig.open(),
    () => (last = rig.begin()),
    () => (last = rig.begin()),
    () => rig.model({ type: 'gen.audio', gen: gen() }),
    () => rig.model({ type: 'gen.audio', gen: last }),
    () => rig.done(gen(), below(3) * 500, below(2)),
    () => rig.model({ type: 'gen.failed', gen: gen(), code: 'server_error' }),
    () => rig.model({ type: 'gen.stalled', gen: gen() }),
    () => rig.drained([...rig.playing][0] ?? gen(), below(1_000)),
    tool,
    tool,
    () => rig.tool(call(), below(3) > 0),
    () => rig.model({ type: 'turn.committed', turn: 't', chars: 4 }),
    () => rig.model({ type: 'voice.start' }),
    () => rig.model({ type: 'voice.stop' }),
    () => rig.model({ type: 'session.lost', code: 'closed_1006', retryable: below(5) > 0 }),
    () => rig.model({ type: 'session.ready' }),
    () => rig.send({ type: 'say.requested' }),
    () =>
      rig.send({
        type: 'transfer.requested',
        request: `r${(transfers += 1)}`,
        after: below(2) === 0 ? 'return' : 'terminate',
      }),
    () => rig.leg({ type: 'target.answered', request: request() }),
    () => rig.leg({ type: 'transfer.bridged', request: request() }),
    () => rig.leg({ type: 'transfer.completed', request: request() }),
    () => rig.leg({ type: 'transfer.failed', request: request(), reason: 'busy' }),
    () => rig.leg({ type: 'leg.mediaStopped', epoch: 1, expected: below(2) === 0 }),
  ];
}

/** The call ends in one of the ways a call ends, and everything that bounds its end has passed. */
function finish(rig: Rig, random: () => number): void {
  const ways = [
    () => rig.hangup(),
    () => rig.send({ type: 'agent.end', reason: 'agent' }),
    () => rig.send({ type: 'limit.reached' }),
    () => rig.send({ type: 'fault', actor: 'leg', code: 'OFFHOOK_CHART_FAULT' }),
    () => {
      rig.leg({ type: 'leg.ended', status: 'completed', durationMs: 1 });
      rig.leg({ type: 'leg.hangup', by: 'platform', status: 'completed' });
    },
  ];
  if (!rig.over) ways[Math.floor(random() * ways.length)]!();
  rig.clock.advance(7_300_000);
}

it(`closes the tree of each of ${CALLS} random calls`, () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= CALLS; seed += 1) {
    const random = createRandom(seed);
    const rig = createRig({
      direction: random() < 0.8 ? 'inbound' : 'outbound',
      policy: { greeting: random() < 0.5 ? 'open' : 'none', turns: random() < 0.5 ? 'model' : 'runtime' },
    });
    const choices = moves(rig, random);
    choices[0]!();
    for (let step = 0; step < STEPS && !rig.over; step += 1) {
      choices[Math.floor(random() * choices.length)]!();
      rig.clock.advance(WAITS[Math.floor(random() * WAITS.length)]!);
    }
    finish(rig, random);

    expect({ seed, over: rig.over, open: rig.trace.open, faults: rig.trace.faults }).toEqual({
      seed,
      over: true,
      open: 0,
      faults: 0,
    });
    const spans = rig.spans();
    const wrong = spans.filter((span) => span.ends !== 1 || span.message === 'unfinished');
    expect({ seed, wrong }).toEqual({ seed, wrong: [] });
    expect(spans.filter((span) => span.parent === null).map((span) => span.name)).toEqual(['call']);
    for (const span of spans) seen.add(span.name);
  }
  // The walk has been everywhere there is a span to open.
  expect([...seen].sort()).toEqual([
    'call',
    'call.transfer',
    'llm.generation',
    'llm.session',
    'playout.line',
    'tool.call',
  ]);
});
