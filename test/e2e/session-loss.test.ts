/**
 * The model's socket dies in the middle of a call. The call goes on: a new connection is told what the caller heard
 * and no more, whoever was owed an answer gets it, and if no connection comes the caller hears why it ends.
 */
import { expect, test } from 'vitest';
import { decode } from '../../src/audio/g711.ts';
import { type CallerScript, hangUp, say, wait, waitForAgent } from '../../src/exchange/index.ts';
import { defineTool } from '../../src/index.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { type ConversationScript, type SpokenLine, scriptOf } from '../../src/testing/openai/index.ts';
import { type VoiceName, voice } from '../../src/testing/voices.ts';
import type { CallStory } from '../story.ts';
import { openWorld, type World, type WorldOptions } from '../world.ts';
import { createEar } from './correlation.ts';
import { findStale, heardOf } from './sound.ts';

const line = (name: VoiceName): SpokenLine => ({ text: voice(name).text, audio: voice(name).audio });
const GREETING = line('en/agent-greeting');
const ASK = line('en/caller-ask');
const ANSWER = line('en/agent-answer');
const AGAIN = line('en/agent-answer-day');

/** Hears the greeting, asks, and waits for an end of the talk. */
const CALLER: CallerScript = [
  waitForAgent(),
  say({ audio: ASK.audio! }),
  waitForAgent({ quietMs: 3_000, timeoutMs: 25_000 }),
  hangUp(),
];

const FIRST = scriptOf({ greeting: GREETING }, { hear: ASK.text, say: ANSWER });
/** Whatever is asked of the second connection, it says this. */
const SECOND: ConversationScript = { otherwise: { hear: ASK.text, say: AGAIN } };

const openTwoLives = (options: WorldOptions = {}): Promise<World> =>
  openWorld({ script: ({ connection }) => (connection === 1 ? FIRST : SECOND), ...options });

/** Runs until the call has come to `state`. */
async function reach(world: World, state: RegExp): Promise<CallStory> {
  await world.clock.runUntil(() => state.test(world.stories[0]?.handle.state.dialogue ?? ''), 60_000);
  return world.stories[0]!;
}

/** What connection #2 was told had happened: roles and texts, in order. */
function seedOf(world: World): string[] {
  return world.standIn.sessions[1]!.receivedOf('conversation.item.create').map(({ item }) => {
    if (item.type === 'message') {
      const text = item.content.map((part) => ('text' in part ? part.text : '')).join('');
      return `${item.role}: ${text}`;
    }
    return item.type;
  });
}

async function expectGoodEnd(world: World, id: string): Promise<CallStory> {
  const story = await world.finish(id);
  expect(story.outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
  expect(story.lost).toHaveLength(1);
  expect(world.standIn.sessions).toHaveLength(2);
  expect(world.standIn.sessions[1]!.refusals).toEqual([]);
  expect(replayCallLog(world.log(id))).toMatchObject({ equal: true, truncated: false });
  return story;
}

test('while the agent speaks: the new connection knows what was heard and answers again', async () => {
  await using world = await openTwoLives();
  const call = world.dial(CALLER);
  await reach(world, /speaking/);
  await world.clock.run(4_000);
  world.standIn.sessions[0]!.destroy();
  const story = await expectGoodEnd(world, call.id);
  const cut = story.said.find(({ details }) => details.method === 'estimated')!;
  const truth = heardOf(call.heard, ANSWER.audio!);
  expect(truth.ms).toBeGreaterThan(3_000);
  expect(Math.abs(cut.details.heardMs! - truth.ms)).toBeLessThanOrEqual(500);
  expect(seedOf(world)).toEqual([
    `assistant: ${GREETING.text}`,
    `user: ${ASK.text}`,
    `assistant: ${cut.text}`,
  ]);
  expect(cut.text.length).toBeLessThan(ANSWER.text.length / 2);
  expect(story.states).toContain('live.dialogue.reconnecting');
  expect(heardOf(call.heard, AGAIN.audio!).ms).toBe(AGAIN.audio!.length / 8);
});

test('while the agent speaks: nothing of the lost answer is heard any more', async () => {
  await using world = await openTwoLives();
  const call = world.dial(CALLER);
  await reach(world, /speaking/);
  await world.clock.run(4_000);
  world.standIn.sessions[0]!.destroy();
  const lostAt = world.clock.now();
  await world.finish(call.id);
  const clear = call.events.find(({ type }) => type === 'clear');
  expect(clear!.at - lostAt).toBeLessThanOrEqual(10);
  expect(findStale(call.arrivals, ANSWER.audio!)).toHaveLength(0);
});

test('while listening: nothing is said, and the next question is answered', async () => {
  await using world = await openTwoLives();
  const call = world.dial([waitForAgent(), wait(4_000), ...CALLER.slice(1)]);
  await reach(world, /listening/);
  await world.clock.run(500);
  world.standIn.sessions[0]!.destroy();
  const story = await expectGoodEnd(world, call.id);
  expect(seedOf(world)).toEqual([`assistant: ${GREETING.text}`]);
  expect(story.said.map(({ text }) => text)).toEqual([GREETING.text, ASK.text, AGAIN.text]);
  expect(world.standIn.sessions[1]!.responses).toHaveLength(1);
});

test('while the caller speaks: what was said during the gap reaches the new connection', async () => {
  await using world = await openTwoLives({ standIn: { keepAudio: true } });
  const call = world.dial(CALLER);
  await world.clock.runUntil(() => world.stories[0]?.handle.state.floor === 'voiced', 60_000);
  await world.clock.run(1_000);
  world.standIn.sessions[0]!.destroy();
  const story = await expectGoodEnd(world, call.id);
  expect(story.said.at(-1)!.text).toBe(AGAIN.text);
  const [first, second] = world.standIn.sessions.map(({ heardAudio }) => heardAudio.length);
  // All that the caller sent while the call was live was heard by one of the two, and nothing twice.
  const lastSent = call.spoken.length;
  expect(first! + second!).toBeLessThanOrEqual(lastSent);
  expect(first! + second!).toBeGreaterThan(lastSent - 2 * 8_000);
});

test.each([
  ['before anything is tried', 100],
  ['while the new connection opens', 450],
  ['long after the new connection is there', 4_000],
])(
  'in a tool that ends %s: it ran once, and result and answer reach the new connection',
  async (_when, ms) => {
    let runs = 0;
    const { promise, resolve } = Promise.withResolvers<{ status: string }>();
    const tool = defineTool({
      name: 'check_order',
      description: 'Looks an order up, in its own time.',
      parameters: { type: 'object', properties: {} },
      execute: () => {
        runs += 1;
        return promise;
      },
    });
    const asking = scriptOf(
      { greeting: GREETING },
      { hear: ASK.text, calls: [{ name: 'check_order', arguments: { id: 7 } }], afterTools: ANSWER },
    );
    await using world = await openTwoLives({
      script: ({ connection }) => (connection === 1 ? asking : SECOND),
      agent: { tools: [tool] },
      // Slow enough that opening takes its time.
      standIn: { latency: { perMessageMs: 150 } },
    });
    const call = world.dial(CALLER);
    await reach(world, /awaitingTools/);
    await world.clock.run(1_000);
    world.standIn.sessions[0]!.destroy();
    await world.clock.run(ms);
    resolve({ status: 'on its way' });
    const story = await expectGoodEnd(world, call.id);
    expect(runs).toBe(1);
    expect(story.tools.map(({ ok }) => ok)).toEqual([true]);
    expect(seedOf(world)).toEqual([
      `assistant: ${GREETING.text}`,
      `user: ${ASK.text}`,
      'function_call',
      'function_call_output',
    ]);
    expect(JSON.stringify(world.standIn.sessions[1]!.toolOutputs)).toContain('on its way');
    expect(story.said.map(({ text }) => text)).toEqual([GREETING.text, ASK.text, AGAIN.text]);
    expect(heardOf(call.heard, AGAIN.audio!).ms).toBe(AGAIN.audio!.length / 8);
  },
);

test('during the greeting, hardly begun: it is said again', async () => {
  const second = scriptOf({ hear: ASK.text, say: AGAIN }, { otherwise: GREETING });
  await using world = await openTwoLives({ script: ({ connection }) => (connection === 1 ? FIRST : second) });
  const call = world.dial(CALLER);
  await reach(world, /greeting/);
  await world.clock.run(600);
  world.standIn.sessions[0]!.destroy();
  const story = await expectGoodEnd(world, call.id);
  expect(story.said.map(({ text }) => text).slice(-3)).toEqual([GREETING.text, ASK.text, AGAIN.text]);
  const opening = heardOf(call.heard.subarray(8_000), GREETING.audio!);
  expect(opening.ms).toBe(GREETING.audio!.length / 8);
});

test('during the greeting, most of it heard: it is not said again, and the next question is answered', async () => {
  await using world = await openTwoLives();
  const call = world.dial(CALLER);
  await reach(world, /greeting/);
  await world.clock.run(2_500);
  world.standIn.sessions[0]!.destroy();
  const story = await expectGoodEnd(world, call.id);
  expect(story.said[0]!.details.heardMs).toBeGreaterThan(1_000);
  expect(story.said.slice(1).map(({ text }) => text)).toEqual([ASK.text, AGAIN.text]);
  expect(world.standIn.sessions[1]!.responses).toHaveLength(1);
});

test.each([
  ['speaks', /speaking/, 3_000],
  ['listens', /listening/, 500],
] as const)(
  'it never comes back, lost while the agent %s: an apology, and the end',
  async (_name, state, after) => {
    await using world = await openTwoLives({
      standIn: { refuse: ({ connection }) => (connection > 1 ? { status: 503 } : undefined) },
    });
    const call = world.dial([waitForAgent(), say({ audio: ASK.audio! }), wait(120_000)]);
    await reach(world, state);
    await world.clock.run(after);
    world.standIn.sessions[0]!.destroy();
    const lostAt = world.clock.now();
    const story = await world.finish(call.id);
    await world.drive(call.ended);
    expect(story.outcome).toMatchObject({ status: 'failed', endedBy: 'runtime', reason: 'session' });
    expect(world.clock.now() - lostAt).toBeLessThan(20_000);
    const apology = voice('en/apology');
    const [score] = createEar([decode('ulaw', apology.audio)])(decode('ulaw', call.heard));
    expect(score).toBeGreaterThan(0.98);
    expect(heardOf(call.heard, apology.audio).ms).toBe(apology.audio.length / 8);
    expect(story.said.at(-1)).toMatchObject({ role: 'assistant', text: apology.text });
    expect(replayCallLog(world.log(call.id)).equal).toBe(true);
  },
);

test('a caller without any model at all hears the apology in their own language', async () => {
  await using world = await openWorld({ language: 'ko', standIn: { refuse: () => ({ status: 503 }) } });
  const call = world.dial([wait(120_000)]);
  const story = await world.finish(call.id);
  await world.drive(call.ended);
  expect(story.milestones).toEqual(['call_start', 'call_end']);
  expect(story.outcome).toMatchObject({ status: 'failed', endedBy: 'runtime' });
  expect(heardOf(call.heard, voice('ko/apology').audio).ms).toBe(voice('ko/apology').audio.length / 8);
});

test('a wrong key is no hiccup: it is not tried again', async () => {
  await using world = await openWorld({ realtime: () => ({ apiKey: 'sk-wrong' }) });
  const call = world.dial([wait(120_000)]);
  const story = await world.finish(call.id);
  expect(world.standIn.counters.connections).toBe(1);
  expect(story.outcome).toMatchObject({ status: 'failed', endedBy: 'runtime' });
  expect(heardOf(call.heard, voice('en/apology').audio).ms).toBeGreaterThan(4_000);
});
