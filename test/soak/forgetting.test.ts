/**
 * Networks and models remember so many calls and no more, the newest; one that is under way is never forgotten.
 */
import { expect, test } from 'vitest';
import { goSilent, hangUp, wait } from '../../src/exchange/index.ts';
import { forgetOldest } from '../../src/exchange/forget.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { createTwilioStandIn } from '../../src/testing/twilio/index.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { openWorld } from '../world.ts';

test('the oldest that are over go, and only as many as there are too many', () => {
  const entries = [
    { name: 'a', over: true },
    { name: 'b', over: false },
    { name: 'c', over: true },
    { name: 'd', over: true },
    { name: 'e', over: false },
  ];
  const gone: string[] = [];
  const forget = (keep: number): void =>
    forgetOldest(
      entries,
      keep,
      ({ over }) => over,
      ({ name }) => gone.push(name),
    );
  forget(5);
  expect(gone).toEqual([]);
  forget(3);
  expect(gone).toEqual(['a', 'c']);
  forget(0);
  expect(gone).toEqual(['a', 'c', 'd']);
  expect(entries.map(({ name }) => name)).toEqual(['b', 'e']);
});

test('an exchange and a model keep the calls they were told to keep, and the one that goes on', async () => {
  await using world = await openWorld({ keep: 2, agent: { builtinTools: 'none' } });
  const ids: string[] = [];
  const long = world.dial([goSilent()]);
  for (let call = 0; call < 4; call += 1) ids.push((await world.play([wait(100), hangUp()])).call.id);
  const kept = (): string[] => world.exchange.calls().map(({ id }) => id);
  expect(kept()).toEqual([long.id, ids[3]]);
  expect(world.stories.map(({ handle }) => handle.id)).toEqual([long.id, ids[3]]);
  expect(world.standIn.sessions).toHaveLength(2);
  expect(world.standIn.sessions[0]).toMatchObject({ connection: 1, closed: undefined });
  long.hangUp();
  await world.finish(long.id);
  const { id } = (await world.play([wait(100), hangUp()])).call;
  expect(kept()).toEqual([ids[3], id]);
  expect(world.complaints).toEqual([]);
});

test('so does the stand-in for the second network', async () => {
  const clock = createVirtualClock();
  const carrier = createTwilioStandIn({
    clock,
    random: createRandom(1),
    authToken: 'x',
    publicUrl: 'https://voice.example.com',
    // Nobody listens: every call fails at its webhook.
    target: () => 'http://127.0.0.1:1',
    keepCalls: 2,
  });
  const ids: string[] = [];
  for (let call = 0; call < 4; call += 1) {
    const { id, ended } = carrier.dial([goSilent()]);
    ids.push(id);
    await clock.run(20);
    expect(await ended).toMatchObject({ status: 'failed' });
  }
  expect(carrier.calls().map(({ id }) => id)).toEqual(ids.slice(2));
  carrier.close();
});
