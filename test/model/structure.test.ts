/**
 * What can be said of the charts without running them: every target exists, every state that waits has a way out of
 * its own, every transition says why, and the two tag families are carried by the dialogue alone.
 */
import { describe, expect, it } from 'vitest';
import { callMachine } from '../../src/machines/call/machine.ts';
import { linkMachine } from '../../src/machines/link/index.ts';
import { sessionMachine } from '../../src/machines/session/machine.ts';
import { createRig, POLICY } from './rig.ts';
import { createSessionRig } from './session-rig.ts';
import { type Node, nodesOf } from './transitions.ts';

/** States that wait for nothing: what they describe may stay as it is for a whole call. */
const AT_REST: Readonly<Record<string, string>> = {
  quiet: 'nobody speaks',
  noisy: 'noise holds nothing up: the floor was released on entering it',
  'call.live.keypad.idle': 'nobody presses keys',
  'call.live.farEnd.unknown': 'there need be no verdict',
  'call.live.farEnd.human': 'a verdict',
  'call.live.farEnd.machine.greeting': 'a verdict; the mailbox has its own deadline',
  'call.live.farEnd.machine.beeped': 'a verdict',
  'call.live.recording.off': 'a setting',
  'call.live.recording.on': 'a setting',
  'call.live.recording.paused': 'a setting',
  'call.live.media.flowing': 'all is well; a stall is reported',
  'session.upkeep.idle': 'the call has not asked for it yet; its own deadlines hold',
  'session.upkeep.failed': 'the call was told',
  'session.upkeep.closed': 'the call closed it',
  'session.response.none': 'nothing is under way',
  'link.idle': 'the agent has not connected yet',
  'link.retired': 'its last calls go on; that the socket ends is reported',
};

/** Children whose port ends by itself within a deadline. */
const BOUNDED = ['screen'];

const hasWayOut = (node: Node): boolean =>
  node.after.length > 0 ||
  (node.always ?? []).length > 0 ||
  node.invoke.some((child) => BOUNDED.includes((child as { id: string }).id)) ||
  (node.parent !== undefined && node.parent.type !== 'parallel' && hasWayOut(node.parent));

const CHARTS = [
  ['call', callMachine],
  ['session', sessionMachine],
  ['link', linkMachine],
] as const;

describe.each(CHARTS)('the %s chart', (_name, machine) => {
  const nodes = nodesOf(machine as never);

  it('gives every state that waits a deadline, a bounded child or a level to leave by', () => {
    const stuck = nodes
      .filter(({ type, id }) => type === 'atomic' && !(id in AT_REST))
      .filter((node) => !hasWayOut(node))
      .map(({ id }) => id);
    expect(stuck).toEqual([]);
  });

  it('gives a reason for every transition but those that only sort', () => {
    const silent = nodes.flatMap((node) =>
      [...node.transitions.values(), node.always ?? []]
        .flat()
        .filter((transition) => (transition as { meta?: { why?: string } }).meta?.why === undefined)
        .map(() => node.id),
    );
    expect(silent.filter((id) => !/(deciding|choosing)$/.test(id))).toEqual([]);
  });
});

it('excuses no state that does not exist', () => {
  const known = new Set(CHARTS.flatMap(([, machine]) => nodesOf(machine as never)).map(({ id }) => id));
  expect(Object.keys(AT_REST).filter((id) => !known.has(id))).toEqual([]);
});

describe('the call chart', () => {
  it('carries its tags on the dialogue, ringing and closing only', () => {
    const elsewhere = nodesOf(callMachine as never)
      .filter(({ tags }) => tags.length > 0)
      .map(({ id }) => id)
      .filter((id) =>
        /\.(floor|keypad|farEnd|recording|media)|^(quiet|noisy|voiced|sounding|falling)/.test(id),
      );
    expect(elsewhere).toEqual([]);
  });

  it('starts, and ends with nothing left', () => {
    const rig = createRig(POLICY);
    expect(rig.snapshot.value).toEqual({ ringing: 'screening' });
    rig.send({ type: 'leg.hangup', by: 'caller', status: 'canceled' });
    rig.send({ type: 'leg.ended', status: 'canceled', durationMs: 0 });
    expect(rig.snapshot.status).toBe('done');
    rig.dispose();
  });

  it('runs into a fault, not for ever, should its states chase each other', () => {
    expect(callMachine.options?.maxIterations).toBe(100);
  });
});

describe('the session chart', () => {
  it('starts idle', () => {
    const rig = createSessionRig();
    expect(rig.snapshot.value).toEqual({ upkeep: 'idle', response: 'none' });
    rig.dispose();
  });
});
