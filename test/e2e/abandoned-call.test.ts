/**
 * An agent that closes waits for goodbyes, but not for ever: a call that talks on is taken apart, and still has one
 * end, a log that replays, and nothing left open.
 */
import { expect, test } from 'vitest';
import { goSilent, say, waitForAgent } from '../../src/exchange/index.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { voice } from '../../src/testing/voices.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { openWorld } from '../world.ts';

const ASK = voice('en/caller-ask');
/** Sixteen seconds of talk; goodbyes are waited for for ten. */
const LONG = { text: 'On and on.', audio: Buffer.concat(Array(6).fill(voice('en/agent-goodbye').audio)) };

test('a call that outlasts the goodbyes is abandoned, and told once', async () => {
  await using world = await openWorld({
    script: () => scriptOf({ greeting: 'Hello?' }, { hear: ASK.text, say: LONG }),
  });
  const call = world.dial([waitForAgent(), say({ audio: ASK.audio }), goSilent()]);
  await world.clock.runUntil(() => world.stories[0]?.states.at(-1)?.includes('speaking') ?? false, 60_000);
  const before = world.clock.now();
  await world.drive(world.agent.close());
  expect(world.clock.now() - before).toBe(10_000);
  await world.drive(call.ended);
  const [story] = world.stories;
  expect(story!.milestones).toEqual(['call_start', 'call_end']);
  expect(story!.outcome).toMatchObject({ status: 'failed', endedBy: 'runtime', reason: 'abandoned' });
  expect(replayCallLog(world.log(call.id)).equal).toBe(true);
});
