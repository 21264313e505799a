/**
 * The demo conversation from ring to hang-up, over real sockets in virtual time: greeting, a question that needs a
 * tool, a long answer that the caller cuts short, the answer to that, goodbye. Held against the caller's own ears.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { bargeInsOf, turnsOf } from '../../src/exchange/index.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { voice } from '../../src/testing/voices.ts';
import { type PlayedDemo, playDemo } from './demo.ts';
import { readGolden } from './golden.ts';
import { compareWithTape, findStale, FRAME, heardOf, PER_MS } from './sound.ts';

/** Every state entered, in order: one a line, the same in every language. */
const STATES = new URL('fixtures/demo.states', import.meta.url);

const SPANS = [
  [null, 'call'],
  ['call', 'llm.session'],
  ['llm.session', 'llm.generation'],
  ['llm.session', 'llm.generation'],
  ['call', 'tool.call'],
  ['llm.session', 'llm.generation'],
  ['llm.session', 'llm.generation'],
  ['llm.session', 'llm.generation'],
];

const words = (text: string): number => text.split(/\s+/).filter(Boolean).length;

describe.each(['en', 'ko'] as const)('the demo conversation in %s', (language) => {
  const script = demoScript(language);
  const answer = voice(`${language}/agent-answer`);
  let demo: PlayedDemo;

  beforeAll(async () => {
    demo = await playDemo(language);
  });

  test('goes through its states in order', () => {
    const states = `${demo.story.states.join('\n')}\n`;
    expect(states).toBe(readGolden(STATES, states));
    expect(demo.story.states.at(0)).toBe('ringing.screening');
    expect(demo.story.handle.state.dialogue).toBe('ended');
  });

  test('ends once, by the agent, as completed', () => {
    expect(demo.story.milestones).toEqual(['call_start', 'call_end']);
    expect(demo.story.outcome).toMatchObject({ status: 'completed', endedBy: 'agent', reason: 'agent' });
    expect(demo.call).toMatchObject({ status: 'completed' });
    const { duration = 0, platformDuration = 0 } = demo.story.outcome ?? {};
    expect(Math.abs(duration - demo.call.mediaMs)).toBeLessThanOrEqual(60);
    expect(Math.abs(duration - platformDuration)).toBeLessThan(1_000);
    expect(demo.call.events.filter(({ type }) => type === 'timeout')).toEqual([]);
    expect(demo.complaints).toEqual([]);
  });

  test('is transcribed as heard: both sides in order, whole answers whole, the cut one cut', () => {
    const said = demo.story.said.map(({ role, details }) => [role, details.method]);
    expect(said).toEqual([
      ['assistant', 'exact'],
      ['user', undefined],
      ['assistant', 'estimated'],
      ['user', undefined],
      ['assistant', 'exact'],
      ['user', undefined],
      ['assistant', 'exact'],
    ]);
    for (const [index, turn] of script.turns.entries()) {
      const { text, details } = demo.story.said[index]!;
      const cut = turn.by === 'agent' && turn.interrupted;
      expect(cut ? details.generated : text).toBe(turn.clip.text);
    }
  });

  test('knows how much of the cut answer was heard', () => {
    const truth = heardOf(demo.call.heard, answer.audio);
    const { text, details } = demo.story.said[2]!;
    expect(truth.ms).toBeGreaterThan(5_000);
    expect(truth.ms).toBeLessThan(answer.ms / 2);
    expect(Math.abs(details.heardMs! - truth.ms)).toBeLessThanOrEqual(100);
    expect(answer.text.startsWith(text)).toBe(true);
    const wordsHeard = (words(answer.text) * truth.ms) / answer.ms;
    expect(Math.abs(words(text) - wordsHeard)).toBeLessThanOrEqual(2);
  });

  test('tells the model where its answer was cut', () => {
    const truth = heardOf(demo.call.heard, answer.audio);
    const [session] = demo.sessions;
    expect(session!.truncations).toHaveLength(1);
    expect(Math.abs(session!.truncations[0]!.audioEndMs - truth.ms)).toBeLessThanOrEqual(100);
    expect(session!.refusals).toEqual([]);
  });

  test('runs the tool once, and the model gets its result', () => {
    expect(demo.story.tools.map(({ name, ok }) => [name, ok])).toEqual([['check_order', true]]);
    const outputs = demo.sessions[0]!.toolOutputs;
    expect(outputs).toHaveLength(1);
    const turn = script.turns[2]!;
    expect(JSON.parse(outputs[0]!.output)).toEqual(turn.by === 'agent' && turn.tool?.result);
  });

  test('falls silent at once when spoken over, and nothing of the cut answer comes after', () => {
    const [bargeIn, ...more] = bargeInsOf(demo.call.events);
    expect(more).toEqual([]);
    expect(bargeIn!.reactionMs).toBeLessThan(100);
    expect(demo.story.bargeIns).toHaveLength(1);
    expect(demo.call.arrivals.filter(({ clears }) => clears > 0).length).toBeGreaterThan(10);
    expect(findStale(demo.call.arrivals, answer.audio)).toHaveLength(0);
    expect(demo.call.events.filter(({ type }) => type === 'clear')).toHaveLength(1);
  });

  test('answers every turn within the latency of its detector, tool and model', () => {
    const turns = turnsOf(demo.call.events);
    expect(turns.map(({ step }) => step)).toEqual(['caller-ask', 'caller-barge', 'caller-thanks']);
    for (const { latencyMs } of turns) expect(latencyMs).toBeLessThanOrEqual(1_700);
    expect(demo.story.turns.map(({ latencyMs }) => latencyMs < 700)).toEqual([true, true, true]);
    for (const { latencyMs, budget } of demo.story.turns) {
      const { endpointing, queue, tools, firstAudio } = budget;
      expect(endpointing + queue + tools + firstAudio).toBeCloseTo(latencyMs, 6);
    }
    // Only the first answer needed a tool, and it shows where the time went.
    expect(demo.story.turns.map(({ budget }) => budget.tools > 0)).toEqual([true, false, false]);
  });

  test('is recorded as the caller lived it', () => {
    const { call, wav } = demo;
    const caller = compareWithTape(wav.caller, call.spoken);
    expect(caller).toEqual({ found: 3, of: 3, worstLag: 0, foreign: 0 });
    const agent = compareWithTape(wav.agent, call.heard);
    expect(agent.found).toBe(agent.of);
    expect(agent.of).toBeGreaterThanOrEqual(4);
    expect(Math.abs(agent.worstLag)).toBeLessThanOrEqual(FRAME);
    expect(agent.foreign).toBe(0);
  });

  test('is recorded without drift, and the mix is both sides', () => {
    const { call, wav } = demo;
    for (const track of [wav.caller, wav.agent, ...wav.mix]) {
      expect(Math.abs(track.length / PER_MS - call.mediaMs)).toBeLessThanOrEqual(20);
    }
    expect(wav.mix).toHaveLength(2);
    expect(Buffer.from(wav.mix[0]!.buffer).equals(Buffer.from(wav.caller.buffer))).toBe(true);
    expect(Buffer.from(wav.mix[1]!.buffer).equals(Buffer.from(wav.agent.buffer))).toBe(true);
  });

  test('replays from its log, event by event', () => {
    const { equal, events, truncated, difference } = replayCallLog(demo.log);
    expect(difference).toBeUndefined();
    expect({ equal, truncated }).toEqual({ equal: true, truncated: false });
    expect(events).toBeGreaterThan(60);
  });

  test('leaves a whole tree of ended spans', () => {
    expect(demo.spans.map(({ parent, name }) => [parent, name])).toEqual(SPANS);
    expect(demo.spans.filter(({ ends }) => ends !== 1)).toEqual([]);
    expect(demo.spans.filter(({ status }) => status === 'error')).toEqual([]);
  });

  test('says no words and no numbers in its log', () => {
    const { log, call } = demo;
    const secrets = [call.from, call.to, '4821', ...script.turns.map(({ clip }) => clip.text)];
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  });
});
