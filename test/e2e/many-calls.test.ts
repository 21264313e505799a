/**
 * Twenty calls at once through one exchange and one agent, each with its own conversation. Every recording holds its
 * own two voices and nobody else's, in both directions of dialling.
 */
import { expect, test } from 'vitest';
import { decode } from '../../src/audio/g711.ts';
import { type CallerScript, hangUp, say, wait, waitForAgent } from '../../src/exchange/index.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { type ScriptRequest, scriptOf } from '../../src/testing/openai/index.ts';
import { crowdVoices } from '../../src/testing/voices.ts';
import type { CallInfo } from '../../src/index.ts';
import { openWorld, type World } from '../world.ts';
import { createEar } from './correlation.ts';

const MEMBERS = Array.from({ length: 20 }, (_, index) => index + 1);
const hearCallers = createEar(MEMBERS.map((member) => decode('ulaw', crowdVoices(member).caller.audio)));
const hearAgents = createEar(MEMBERS.map((member) => decode('ulaw', crowdVoices(member).agent.audio)));

const numberOf = (member: number): string => `010555500${String(member).padStart(2, '0')}`;
const memberOf = (number: string): number => Number(number.slice(-2));

/** The instructions say who it is, so that the model knows its part. */
const openCrowd = (): Promise<World> =>
  openWorld({
    realtime: ({ direction, from, to }: CallInfo) => ({
      instructions: `You speak to member ${memberOf(direction === 'inbound' ? from : to)}`,
      greeting: false,
    }),
    script: ({ instructions }: ScriptRequest) => {
      const { caller, agent } = crowdVoices(Number(instructions.split(' ').at(-1)));
      return scriptOf({ hear: caller.text, say: { text: agent.text, audio: agent.audio } });
    },
  });

/** Starts a little apart, so that most of it runs at the same time but none in step. */
const partOf = (member: number): CallerScript => [
  wait(300 + ((member * 7) % 20) * 35),
  say({ audio: crowdVoices(member).caller.audio }),
  waitForAgent(),
  hangUp(),
];

/** Who is heard in a recording, by ear alone; nobody if two could be meant. */
function whoIs(scores: readonly number[]): number {
  const ranked = scores
    .map((score, index) => ({ score, member: index + 1 }))
    .toSorted((a, b) => b.score - a.score);
  const [first, second] = ranked;
  return first!.score > 0.9 && second!.score < 0.6 ? first!.member : 0;
}

/** How many of the recordings hold exactly the two voices they should. */
function countRight(world: World, members: ReadonlyMap<string, number>): number {
  let right = 0;
  for (const [id, member] of members) {
    const { caller, agent } = world.wav(id);
    if (whoIs(hearCallers(caller)) === member && whoIs(hearAgents(agent)) === member) right += 1;
  }
  return right;
}

function expectConversations(world: World, members: ReadonlyMap<string, number>): void {
  for (const { handle, said, outcome } of world.stories) {
    const { caller, agent } = crowdVoices(members.get(handle.id)!);
    expect(said.map(({ text }) => text)).toEqual([caller.text, agent.text]);
    expect(outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
    expect(replayCallLog(world.log(handle.id))).toMatchObject({ equal: true, truncated: false });
  }
}

test('twenty callers at once: each recording holds its own conversation and no other', async () => {
  await using world = await openCrowd();
  const members = new Map(MEMBERS.map((member) => [world.dial(partOf(member), numberOf(member)).id, member]));
  await world.clock.run(2_500);
  expect(world.agent.calls).toHaveLength(20);
  for (const id of members.keys()) await world.finish(id);
  expectConversations(world, members);
  const right = countRight(world, members);
  console.log(`recordings that hold their own conversation and no other: ${right}/${members.size}`);
  expect(right).toBe(20);
  expect(world.complaints).toEqual([]);
});

test('ten calls in and ten out at the same time keep apart as well', async () => {
  await using world = await openCrowd();
  world.exchange.onOutbound(({ to }) => ({ outcome: 'answer', after: 400, script: partOf(memberOf(to)) }));
  const members = new Map<string, number>();
  for (const member of MEMBERS) {
    if (member % 2 === 0) members.set(world.dial(partOf(member), numberOf(member)).id, member);
    else members.set((await world.place(numberOf(member))).id, member);
  }
  await world.clock.run(2_500);
  expect(world.agent.calls.map(({ direction }) => direction).toSorted()).toEqual([
    ...Array.from({ length: 10 }, () => 'inbound'),
    ...Array.from({ length: 10 }, () => 'outbound'),
  ]);
  for (const id of members.keys()) await world.finish(id);
  expectConversations(world, members);
  const right = countRight(world, members);
  console.log(`calls in and out at once: ${right}/${members.size}`);
  expect(right).toBe(20);
});
