/**
 * A thousand messages that nobody should send, on each socket of a call that goes on meanwhile: each costs nothing but
 * a number in the counters. Those of a kind come from a seed; print it and they come again.
 */
import { describe, expect, it, vi } from 'vitest';
import { wait, waitForAgent } from '../../src/exchange/index.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { createCarrier, createPhone } from '../conformance/twilio-harness.ts';
import { openWorld } from '../world.ts';
import { GOOD } from './faults.ts';
import { frames, malformed, noise } from './frames.ts';
import { modelOf } from './scenes.ts';
import { leftBy, openStage } from './stage.ts';
import { isAnswered, probing } from './talk.ts';
import { KINDS } from './wires.ts';

type Counts = Record<string, number>;
const counts: { clawops: Counts[]; openai: Counts[] } = vi.hoisted(() => ({ clawops: [], openai: [] }));
vi.mock('../../src/transport/clawops/counters.ts', async (real) => {
  const { createCounters } = await real<{ createCounters: () => Counts }>();
  return { createCounters: () => kept(createCounters(), counts.clawops) };
});
vi.mock('../../src/providers/realtime/openai/counters.ts', async (real) => {
  const { createCounters } = await real<{ createCounters: () => Counts }>();
  return { createCounters: () => kept(createCounters(), counts.openai) };
});

function kept(counters: Counts, into: Counts[]): Counts {
  into.push(counters);
  return counters;
}

const COUNT = 1_000;
/** Together with the caller's frames, not before them. */
const LOT = 20;
const LISTENING = 'call live.dialogue.conversing.listening';

/** Messages that were not what they should be, as the runtime counts them. */
const refused = ({ malformed = 0, unknown = 0, stale = 0, late = 0, errors = 0 }: Counts): number =>
  malformed + unknown + stale + late + errors;

describe.each([
  ['bad', (seed: number, kind: keyof typeof GOOD) => malformed(createRandom(seed), GOOD[kind], COUNT)],
  ['random', (seed: number) => noise(createRandom(seed), COUNT)],
] as const)('a thousand %s messages', (_name, make) => {
  it.each(KINDS)(
    'on the %s socket: the call goes on over the same connection, and nothing is left',
    async (kind) => {
      for (const list of Object.values(counts)) list.length = 0;
      const stage = await openStage({ caller: [waitForAgent(), wait(3_000)] });
      const { clock } = stage.world;
      stage.begin();
      await clock.runUntil(() => stage.isIn(LISTENING), 20_000);
      stage.faultAt = clock.now();
      const wire = stage.wires.find(kind)!;
      const messages = make(5, kind);
      for (let at = 0; at < messages.length; at += LOT) {
        wire.inject(frames(messages.slice(at, at + LOT)));
        await clock.run(40);
      }
      expect(wire.open, 'the connection').toBe(true);
      await clock.runUntil(() => stage.world.stories[0]?.outcome !== undefined, 60_000);
      await clock.run(3_000);
      expect(isAnswered(stage.call!, stage.faultAt)).toBe(true);
      expect(stage.world.stories[0]!.outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
      expect(leftBy(stage)).toEqual([]);
      expect(stage.wires.all.filter((other) => other.kind === kind)).toHaveLength(1);
      const [counted] = kind === 'model' ? counts.openai : counts.clawops;
      expect(refused(counted!)).toBeGreaterThan(COUNT * 0.6);
      expect(counted).toMatchObject(kind === 'model' ? {} : { faults: 0 });
      await stage.world.close();
      stage.wires.close();
    },
  );

  it("on Twilio's media stream: the call goes on over it, and nothing is left", async () => {
    const phone = createPhone();
    let faultAt = Infinity;
    const world = await openWorld({ agent: { transports: [phone] }, script: () => modelOf({}) });
    const carrier = createCarrier(world.clock, phone);
    const call = carrier.dial([waitForAgent(), wait(3_000), ...probing(() => faultAt)]);
    await world.clock.runUntil(() => world.agent.calls[0]?.state.dialogue === 'conversing.listening', 20_000);
    faultAt = world.clock.now();
    const messages = make(5, 'media');
    for (let at = 0; at < messages.length; at += LOT) {
      for (const message of messages.slice(at, at + LOT)) {
        const isBytes = typeof message === 'string' || message instanceof Uint8Array;
        call.faults.sendMedia(isBytes ? message : JSON.stringify(message));
      }
      await world.clock.run(40);
    }
    const story = await world.finish(call.id);
    await world.drive(call.ended);
    expect(isAnswered(call, faultAt)).toBe(true);
    expect(story.outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
    expect(refused({ ...phone.counters })).toBeGreaterThan(COUNT * 0.6);
    expect(phone.counters.faults).toBe(0);
    carrier.close();
    await world.close();
  });
});
