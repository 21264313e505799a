/**
 * The demo conversation with the runtime taking the turns: the vendor's detector only reports voice, and commits,
 * replies and interruptions are ours, each after exactly the time that was configured.
 */
import { expect, test } from 'vitest';
import { bargeInsOf, type CallerScript, hangUp, say, wait, waitForAgent } from '../../src/exchange/index.ts';
import type { OpenAIRealtimeTurns } from '../../src/providers/openai.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { voice } from '../../src/testing/voices.ts';
import type { CallStory } from '../story.ts';
import { openWorld, type World } from '../world.ts';
import { findStale, heardOf } from './sound.ts';

const runtimeWorld = (turns: Omit<OpenAIRealtimeTurns, 'by'> = {}): Promise<World> =>
  openWorld({ realtime: () => ({ turns: { by: 'runtime', ...turns } }) });

/** Times at which a floor or dialogue state was entered. */
const entries = ({ steps }: CallStory, state: string): number[] =>
  steps.filter(({ entered }) => entered.includes(state)).map(({ at }) => at);

test('the vendor neither answers nor interrupts by itself, and the conversation is the same', async () => {
  await using world = await runtimeWorld();
  const { call, story } = await world.play();
  const [session] = world.standIn.sessions;
  const turns = demoScript('en').turns;
  expect(story.said.map(({ details, text }) => details.generated ?? text)).toEqual(
    turns.map(({ clip }) => clip.text),
  );
  expect(session!.settings.audio?.input?.turn_detection).toMatchObject({
    create_response: false,
    interrupt_response: false,
  });
  // Every reply was asked for: greeting, tool round, its answer, and the two others.
  expect(session!.receivedOf('response.create')).toHaveLength(5);
  expect(session!.responses).toHaveLength(5);
  expect(session!.refusals).toEqual([]);
  expect(story.tools.map(({ name, ok }) => [name, ok])).toEqual([['check_order', true]]);
  expect(story.outcome).toMatchObject({ status: 'completed', endedBy: 'agent' });
  expect(replayCallLog(world.log(call.id))).toMatchObject({ equal: true, truncated: false });
});

test('a barge-in cuts at once, and the model learns what was heard', async () => {
  await using world = await runtimeWorld();
  const { call, story } = await world.play();
  const [reaction] = bargeInsOf(call.events);
  expect(reaction!.reactionMs).toBeLessThan(100);
  const answer = voice('en/agent-answer');
  const truth = heardOf(call.heard, answer.audio);
  const [cut] = world.standIn.sessions[0]!.truncations;
  expect(Math.abs(cut!.audioEndMs - truth.ms)).toBeLessThanOrEqual(100);
  expect(Math.abs(story.bargeIns[0]!.heardMs - truth.ms)).toBeLessThanOrEqual(100);
  expect(findStale(call.arrivals, answer.audio)).toHaveLength(0);
});

test.each([500, 900])('%i ms of silence after the last word are waited for, exactly', async (answerAfter) => {
  await using world = await runtimeWorld({ answerAfter });
  const { story } = await world.play();
  const pauses = entries(story, 'live.floor.sounding.falling');
  const answers = entries(story, 'live.dialogue.conversing.thinking.generating');
  expect(pauses).toHaveLength(3);
  for (const pause of pauses) expect(answers).toContain(pause + answerAfter);
});

test('with 300 ms before the agent yields, it yields after exactly that', async () => {
  await using world = await runtimeWorld({ interruptAfter: 300 });
  const { call, story } = await world.play();
  const sounds = entries(story, 'live.floor.sounding.rising');
  const voiced = entries(story, 'live.floor.sounding.voiced');
  expect(voiced).toEqual(sounds.map((at) => at + 300));
  const [reaction] = bargeInsOf(call.events);
  expect(reaction!.reactionMs).toBeGreaterThanOrEqual(300);
  expect(reaction!.reactionMs).toBeLessThan(400);
  expect(story.bargeIns).toHaveLength(1);
});

test('a caller who goes on within the pause is answered once, to all of it', async () => {
  const [ask, more, answer] = [
    voice('en/caller-ask'),
    voice('en/caller-barge'),
    voice('en/agent-answer-day'),
  ];
  const caller: CallerScript = [
    waitForAgent(),
    say({ audio: ask.audio }),
    // Longer than the vendor's detector waits, shorter than it and answerAfter together.
    wait(1_200),
    say({ audio: more.audio }),
    waitForAgent({ quietMs: 2_000 }),
    hangUp(),
  ];
  await using world = await openWorld({
    realtime: () => ({ turns: { by: 'runtime', answerAfter: 1_500 } }),
    script: () =>
      scriptOf(
        { greeting: { text: voice('en/agent-greeting').text, audio: voice('en/agent-greeting').audio } },
        { hear: ask.text, say: 'Never said.' },
        { hear: more.text, say: { text: answer.text, audio: answer.audio } },
      ),
  });
  const { call, story } = await world.play(caller);
  expect(story.said.filter(({ role }) => role === 'assistant')).toHaveLength(2);
  expect(story.said.at(-1)!.text).toBe(answer.text);
  expect(world.standIn.sessions[0]!.receivedOf('response.create')).toHaveLength(2);
  expect(heardOf(call.heard, answer.audio).ms).toBe(answer.audio.length / 8);
  expect(story.bargeIns).toEqual([]);
});

test('without a detector of the vendor, ours hears the caller: the conversation and the barge-in are the same', async () => {
  await using world = await openWorld({
    realtime: () => ({ turns: { by: 'runtime' }, turnDetection: null }),
  });
  const { call, story } = await world.play();
  expect(world.standIn.sessions[0]!.settings.audio?.input?.turn_detection ?? null).toBeNull();
  expect(story.outcome).toMatchObject({ status: 'completed', endedBy: 'agent' });
  expect(story.bargeIns).toHaveLength(1);
  const [reaction] = bargeInsOf(call.events);
  // 60 ms of onset, 200 ms to be sure it is meant, and the way there.
  expect(reaction!.reactionMs).toBeLessThan(400);
  expect(replayCallLog(world.log(call.id))).toMatchObject({ equal: true });
});
