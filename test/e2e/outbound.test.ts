/**
 * Calls the agent places: every way they can go, each told exactly once, with an outcome a program can act on; and
 * a greeting that was made while it rang, so that whoever says hello is not met with silence.
 */
import { describe, expect, test } from 'vitest';
import { type CalleeBehaviour, hangUp, say, waitForAgent } from '../../src/exchange/index.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { voice } from '../../src/testing/voices.ts';
import type { CallStory } from '../story.ts';
import { openWorld, type Outcome, type World } from '../world.ts';
import { compareWithTape, FRAME, heardOf } from './sound.ts';

const TO = '01055550001';
const GREETING = voice('en/agent-greeting').audio;
const HELLO = { audio: voice('en/caller-01').audio };
/** Hears the greeting and hangs up. */
const LISTENER = [waitForAgent(), hangUp()];

/** Exactly one of `call_start` with `call_end`, or `call_failed`. */
function expectToldOnce({ milestones, outcome }: CallStory): void {
  expect([['call_start', 'call_end'], ['call_failed']]).toContainEqual(milestones);
  expect(outcome).toBeDefined();
}

async function placeAndFinish(world: World, callee: CalleeBehaviour): Promise<CallStory> {
  world.exchange.onOutbound(() => callee);
  const handle = await world.place(TO);
  const story = await world.finish(handle.id);
  await world.drive(world.exchange.calls()[0]!.ended);
  expectToldOnce(story);
  expect(replayCallLog(world.log(handle.id)).equal).toBe(true);
  return story;
}

test('answered: the greeting made while it rang is heard at once', async () => {
  await using world = await openWorld();
  const story = await placeAndFinish(world, { outcome: 'answer', after: 3_000, script: LISTENER });
  const [call] = world.exchange.calls();
  expect(story.milestones).toEqual(['call_start', 'call_end']);
  expect(story.outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
  expect(story.said.map(({ details }) => details.method)).toEqual(['exact']);
  const answered = call!.events.find(({ type }) => type === 'answered')!.at;
  const heard = call!.events.find(({ type }) => type === 'agentVoiceStart')!.at;
  expect(heard - answered).toBeLessThan(300);
  expect(heardOf(call!.heard, GREETING).ms).toBe(GREETING.length / 8);
  expect(world.standIn.sessions[0]!.responses).toHaveLength(1);
});

test('answered: it is recorded from the answer on, where it was played', async () => {
  await using world = await openWorld();
  const story = await placeAndFinish(world, { outcome: 'answer', after: 3_000, script: LISTENER });
  const [call] = world.exchange.calls();
  const { agent, caller } = world.wav(story.handle.id);
  expect(Math.abs(agent.length / 8 - call!.mediaMs)).toBeLessThanOrEqual(20);
  expect(caller.length).toBe(agent.length);
  const match = compareWithTape(agent, call!.heard);
  expect(match.found).toBe(match.of);
  expect(Math.abs(match.worstLag)).toBeLessThanOrEqual(FRAME);
  expect(match.foreign).toBe(0);
});

test('answered: who speaks first is heard first, and answered', async () => {
  await using world = await openWorld();
  const script = [say(HELLO), waitForAgent({ quietMs: 1_500 }), hangUp()];
  const story = await placeAndFinish(world, { outcome: 'answer', after: 3_000, script });
  expect(story.bargeIns).toHaveLength(1);
  expect(story.said.map(({ role }) => role)).toContain('user');
  expect(story.outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
});

test('a greeting older than 20 s is thrown away and made again', async () => {
  await using world = await openWorld();
  const story = await placeAndFinish(world, { outcome: 'answer', after: 24_000, script: LISTENER });
  const [call] = world.exchange.calls();
  expect(world.standIn.sessions[0]!.responses).toHaveLength(2);
  expect(story.said.map(({ details }) => details.method)).toEqual(['none', 'exact']);
  expect(heardOf(call!.heard, GREETING).ms).toBe(GREETING.length / 8);
  expect(call!.events.filter(({ type }) => type === 'agentVoiceStart')).toHaveLength(2);
});

test('a greeting of 15 s ago still fits', async () => {
  await using world = await openWorld();
  await placeAndFinish(world, { outcome: 'answer', after: 15_000, script: LISTENER });
  expect(world.standIn.sessions[0]!.responses).toHaveLength(1);
});

async function hangUpWhileRinging(world: World): Promise<{ outcome: Outcome }> {
  world.exchange.onOutbound(() => ({ outcome: 'answer', after: 20_000, script: LISTENER }));
  const handle = await world.place(TO);
  await world.clock.run(2_000);
  expect(handle.state.dialogue).toBe('ringing.outbound.alerting');
  return { outcome: await world.drive(handle.hangup('changed-mind')) };
}

describe('not answered', () => {
  test.each([
    ['busy', 'busy'],
    ['no-answer', 'no-answer'],
    ['rejected', 'rejected'],
    ['failed', 'failed'],
  ] as const)('%s is told as %s', async (outcome, status) => {
    await using world = await openWorld();
    const story = await placeAndFinish(world, { outcome, after: 2_000 });
    expect(story.milestones).toEqual(['call_failed']);
    expect(story.outcome).toMatchObject({ status, endedBy: 'platform', duration: 0 });
    expect(story.outcome!.platformDuration).toBe(0);
    expect(story.said.filter(({ details }) => details.method !== 'none')).toEqual([]);
    expect(world.complaints).toEqual([]);
  });

  test('nobody picks up within the ring time', async () => {
    await using world = await openWorld();
    world.exchange.onOutbound(() => ({ outcome: 'answer', after: 600_000 }));
    const handle = await world.place(TO, { ringTimeout: 12_000 });
    const story = await world.finish(handle.id);
    expectToldOnce(story);
    expect(story.outcome).toMatchObject({ status: 'no-answer', endedBy: 'platform', duration: 0 });
    expect(world.clock.now()).toBeLessThan(13_500);
  });

  test('the agent hangs up while it rings', async () => {
    await using world = await openWorld();
    const { outcome } = await hangUpWhileRinging(world);
    expectToldOnce(world.stories[0]!);
    expect(world.stories[0]!.milestones).toEqual(['call_failed']);
    expect(outcome).toMatchObject({ endedBy: 'agent', duration: 0 });
    await world.drive(world.exchange.calls()[0]!.ended);
    expect(world.exchange.calls()[0]!.status).toBe('canceled');
  });

  test('the agent hangs up while it rings: the outcome is canceled', async () => {
    await using world = await openWorld();
    const { outcome } = await hangUpWhileRinging(world);
    expect(outcome.status).toBe('canceled');
  });

  test('the agent hangs up before the platform has named the call', async () => {
    await using world = await openWorld();
    const handle = await world.place(TO);
    const outcome = await world.drive(handle.hangup());
    expect(outcome).toMatchObject({ endedBy: 'agent', duration: 0 });
    expectToldOnce(world.stories[0]!);
    await world.clock.run(3_000);
    expect(['canceled', 'completed']).toContain(world.exchange.calls()[0]?.status ?? 'canceled');
  });

  test('the platform refuses the number', async () => {
    await using world = await openWorld();
    world.exchange.faults.refuseOriginate = { status: 403, body: { code: 'forbidden' } };
    const handle = await world.place(TO);
    const story = await world.finish(handle.id);
    expectToldOnce(story);
    expect(story.outcome).toMatchObject({ status: 'failed', endedBy: 'platform', duration: 0 });
    expect(story.outcome!.reason).toMatch(/^OFFHOOK_/);
  });
});
