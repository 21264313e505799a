/**
 * The demo conversation over two networks: greeting, a question that needs a tool, a long answer that the caller cuts
 * short, the answer to that, goodbye. The agent, the model and the caller are the same, so the call's states are too:
 * where they differ, something of a network has leaked through the port.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { callerScript } from '../../src/cli/demo-people.ts';
import { bargeInsOf, type ExchangeCall, turnsOf } from '../../src/exchange/index.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import type { TwilioStandIn } from '../../src/testing/twilio/index.ts';
import type { CallStory } from '../story.ts';
import { openWorld, type World } from '../world.ts';
import { createCarrier, createPhone } from './twilio-harness.ts';

interface Played {
  readonly world: World;
  readonly call: ExchangeCall;
  readonly story: CallStory;
  /** Warnings and errors in the log. */
  readonly complaints: readonly string[];
  readonly log: string;
}

let carrier: TwilioStandIn | undefined;
afterEach(() => {
  carrier?.close();
  carrier = undefined;
});

async function overTwilio(seed = 1): Promise<Played> {
  const phone = createPhone();
  const world = await openWorld({ seed, agent: { transports: [phone] } });
  carrier = createCarrier(world.clock, phone);
  const call = carrier.dial(callerScript(demoScript('en'), world.clock));
  const story = await world.finish(call.id);
  await world.drive(call.ended);
  const log = world.log(call.id);
  expect({ ...phone.counters }).toEqual({
    malformed: 0,
    unknown: 0,
    stale: 0,
    faults: 0,
    dropped: 0,
    refused: 0,
    unopened: 0,
  });
  expect(carrier.counters).toEqual({ malformed: 0, unknown: 0 });
  carrier.close();
  await world.close();
  return { world, call, story, log, complaints: world.complaints };
}

async function overClawops(): Promise<Played> {
  const world = await openWorld();
  const { call, story } = await world.play();
  const log = world.log(call.id);
  await world.close();
  return { world, call, story, log, complaints: world.complaints };
}

const words = ({ story }: Played) => story.said.map(({ role, text }) => [role, text]);

describe('the demo conversation over Twilio', () => {
  it('goes through the same states as over ClawOps, and says the same', async () => {
    const twilio = await overTwilio();
    const clawops = await overClawops();
    expect(twilio.story.states).toEqual(clawops.story.states);
    expect(twilio.story.states.at(-1)).toBe('ended');
    expect(words(twilio)).toEqual(words(clawops));
    expect(twilio.story.tools.map(({ name }) => name)).toEqual(['check_order']);
    expect(twilio.story.milestones).toEqual(['call_start', 'call_end']);
    expect(twilio.complaints).toEqual(clawops.complaints);
  });

  it('ends well for everybody, and is answered and interrupted as fast', async () => {
    const twilio = await overTwilio();
    const clawops = await overClawops();
    expect(await twilio.call.ended).toMatchObject({ status: 'completed', by: 'agent' });
    expect(twilio.story.outcome).toMatchObject({ status: clawops.story.outcome!.status });
    expect(turnsOf(twilio.call.events).map(({ step }) => step)).toEqual(
      turnsOf(clawops.call.events).map(({ step }) => step),
    );
    for (const [index, { latencyMs }] of turnsOf(twilio.call.events).entries()) {
      // One frame of difference: the media clocks of the two begin at different times.
      expect(Math.abs(latencyMs - turnsOf(clawops.call.events)[index]!.latencyMs)).toBeLessThanOrEqual(20);
    }
    const [reaction] = bargeInsOf(twilio.call.events);
    expect(
      Math.abs(reaction!.reactionMs! - bargeInsOf(clawops.call.events)[0]!.reactionMs!),
    ).toBeLessThanOrEqual(20);
    expect(twilio.call.events.filter(({ type }) => type === 'timeout')).toEqual([]);
  });

  it('is the same call every time, and its log replays', async () => {
    const first = await overTwilio(3);
    const second = await overTwilio(3);
    expect(second.log).toBe(first.log);
    expect(replayCallLog(first.log)).toMatchObject({ equal: true });
  });
});
