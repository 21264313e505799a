/** @module A model that says nothing, or stops: the caller hears a sentence each time, and the call goes on or ends. */
import { afterEach, expect, test } from 'vitest';
import { bargeIn, bargeInsOf, goSilent, wait, waitForAgent } from '../../src/exchange/index.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { voice } from '../../src/testing/voices.ts';
import {
  ANSWER,
  ASKS,
  asksAndStays,
  closeWorlds,
  createWorld,
  expectHeard,
  GREETING,
  heardAt,
  heardOf,
  line,
  utter,
} from './world.ts';

afterEach(closeWorlds);

test('a model that never answers: a filler at 8 s, an apology at 16 s, and the next question is answered', async () => {
  const world = await createWorld({
    script: [GREETING, { fault: { kind: 'silent' }, say: 'lost' }, { say: ANSWER }],
  });
  const call = world.ring([...asksAndStays(22_000), ...ASKS.slice(1)]);
  const outcome = await world.over(call);
  const filler = expectHeard(call, 'filler');
  const apology = expectHeard(call, 'apology');
  expect(apology - filler).toBeGreaterThan(7_500);
  expect(heardAt(call, ANSWER.audio!)).toBeGreaterThan(apology);
  expect(outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
  await world.close();
});

test('a model that never answers twice in a row: the second apology is the farewell', async () => {
  const world = await createWorld({
    script: [
      GREETING,
      { fault: { kind: 'silent', times: 9 }, say: 'lost' },
      { fault: { kind: 'silent', times: 9 } },
    ],
  });
  const call = world.ring([...asksAndStays(22_000), ...asksAndStays(25_000).slice(1), goSilent()]);
  const outcome = await world.over(call);
  const first = expectHeard(call, 'apology');
  expectHeard(call, 'apology', 'en', first + 1_000);
  expect(outcome).toMatchObject({ status: 'failed', endedBy: 'runtime', reason: 'no-answer-from-model' });
  await world.close();
});

test('a model that answers with nothing is asked once more, and its second answer is heard', async () => {
  const world = await createWorld({ script: [GREETING, { fault: { kind: 'nothing' }, say: ANSWER }] });
  const call = world.ring(ASKS);
  await world.over(call);
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.close();
});

test('a model that answers with nothing twice: the apology, and the next question is answered', async () => {
  const world = await createWorld({
    script: [GREETING, { fault: { kind: 'nothing', times: 2 }, say: 'lost' }, { say: ANSWER }],
  });
  const call = world.ring([...asksAndStays(10_000), ...ASKS.slice(1)]);
  const outcome = await world.over(call);
  const apology = expectHeard(call, 'apology');
  expect(heardAt(call, ANSWER.audio!)).toBeGreaterThan(apology);
  expect(outcome.status).toBe('completed');
  await world.close();
});

test('a model that only ever answers with nothing: an apology, then a farewell', async () => {
  const world = await createWorld({
    script: [GREETING, { fault: { kind: 'nothing', times: 99 } }, { fault: { kind: 'nothing', times: 99 } }],
  });
  const call = world.ring([...asksAndStays(10_000), ...asksAndStays(20_000).slice(1), goSilent()]);
  const outcome = await world.over(call);
  const first = expectHeard(call, 'apology');
  expectHeard(call, 'apology', 'en', first + 1_000);
  expect(outcome).toMatchObject({ status: 'failed', error: { code: 'OFFHOOK_SESSION_SILENT' } });
  await world.close();
});

test('a greeting that never comes: the caller hears a word, then an apology, and is not left alone', async () => {
  const world = await createWorld({
    script: [{ greeting: { fault: { kind: 'silent', times: 9 } } }, { say: ANSWER }],
  });
  const call = world.ring([wait(60_000)]);
  await world.over(call);
  expectHeard(call, 'filler');
  expectHeard(call, 'apology');
  await world.close();
});

test('a model that does not even acknowledge a request: the caller hears the apology', async () => {
  const world = await createWorld({
    script: [GREETING, { hear: 'Hello?', fault: { kind: 'deaf', times: 9 } }],
    model: { turns: { by: 'runtime' } },
  });
  const call = world.ring(asksAndStays(30_000));
  await world.over(call);
  expectHeard(call, 'filler');
  expectHeard(call, 'apology');
  await world.close();
});

test('a first sound that takes 9 s: the filler bridges it, and the answer is heard whole', async () => {
  const world = await createWorld({ script: [GREETING, { say: ANSWER, firstAudioMs: 9_000 }] });
  const call = world.ring(asksAndStays(20_000));
  await world.over(call);
  const filler = expectHeard(call, 'filler');
  expect(heardAt(call, ANSWER.audio!)).toBeGreaterThan(filler);
  await world.close();
});

test('a model that stalls in mid-sentence: it is given up after 3 s, and the conversation goes on', async () => {
  const world = await createWorld({
    model: { greeting: false },
    script: [{ say: ANSWER }, { say: ANSWER }],
    standIn: { speedup: 0.04 },
  });
  const call = world.ring([
    wait(500),
    utter('en/caller-barge'),
    wait(10_000),
    utter('en/caller-barge'),
    wait(10_000),
  ]);
  await world.over(call);
  expect(heardOf(call, ANSWER.audio!)).toBeGreaterThan(50);
  expect(world.states.filter((state) => state.endsWith('speaking.generating'))).toHaveLength(2);
  expect(world.standIn.counters.cancelled).toBe(2);
  await world.close();
});

test.each([false, true])('error events in the middle of an answer (tied: %s) do not cut it', async (tied) => {
  const world = await createWorld({
    script: [GREETING, { say: ANSWER, fault: { kind: 'error', afterMs: 1_000, tied } }],
  });
  const call = world.ring(ASKS);
  await world.over(call);
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.close();
});

test('an answer that fails in the middle: what came is heard, and the next question is answered', async () => {
  const world = await createWorld({
    script: [GREETING, { say: ANSWER, fault: { kind: 'failed', afterMs: 1_000 } }, { say: ANSWER }],
  });
  const call = world.ring([...ASKS, ...ASKS.slice(1)]);
  await world.over(call);
  expect(heardOf(call, ANSWER.audio!)).toBeGreaterThan(500);
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.close();
});

test('an answer that fails before its first sound is asked for once more', async () => {
  const world = await createWorld({ script: [GREETING, { say: ANSWER, fault: { kind: 'failed' } }] });
  const call = world.ring(asksAndStays(15_000));
  await world.over(call);
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.close();
});

test('an answer cut short by the token limit: what came is heard', async () => {
  const world = await createWorld({
    script: [GREETING, { say: ANSWER, fault: { kind: 'incomplete', afterMs: 2_000 } }],
  });
  const call = world.ring(ASKS);
  const outcome = await world.over(call);
  expect(heardOf(call, ANSWER.audio!)).toBeGreaterThan(1_500);
  expect(outcome.status).toBe('completed');
  await world.close();
});

test.each([1000, 1001, 1006, 1011, 1013, 3000, 4000])(
  'the socket closes with %i in mid-answer: it is reopened, and the answer is made again',
  async (code) => {
    const fault =
      code === 1006
        ? ({ kind: 'destroy', afterMs: 500 } as const)
        : ({ kind: 'close', afterMs: 500, code } as const);
    let connection = 0;
    const world = await createWorld({
      standIn: {
        script: () =>
          (connection += 1) === 1
            ? scriptOf(GREETING, { say: ANSWER, fault })
            : scriptOf({ greeting: ANSWER, otherwise: ANSWER }),
      },
    });
    const call = world.ring(asksAndStays(12_000));
    const outcome = await world.over(call);
    expect(world.toldOf('session_lost')).toHaveLength(1);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(world.standIn.sessions).toHaveLength(2);
    expect(world.session.items.length, 'the conversation so far is handed over').toBeGreaterThan(1);
    expect(outcome.status).toBe('completed');
    await world.close();
  },
);

test('a session lost while the caller is greeted: the greeting is said again', async () => {
  let connection = 0;
  const greeting = line('en/agent-greeting');
  const world = await createWorld({
    standIn: {
      script: () =>
        (connection += 1) === 1
          ? scriptOf({ greeting: { say: greeting, fault: { kind: 'destroy', afterMs: 300 } } })
          : scriptOf({ greeting }, { otherwise: ANSWER }),
    },
  });
  const call = world.ring(ASKS);
  await world.over(call);
  expect(heardAt(call, greeting.audio!)).toBeDefined();
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.close();
});

test('a session that is lost and never comes back: one moment, an apology, and the end', async () => {
  const world = await createWorld({
    standIn: { refuse: ({ connection }) => (connection > 1 ? { status: 503 } : undefined) },
    script: [GREETING, { say: ANSWER, fault: { kind: 'destroy', afterMs: 500 } }],
  });
  const call = world.ring([...asksAndStays(30_000), goSilent()]);
  const outcome = await world.over(call);
  expectHeard(call, 'apology');
  expect(outcome).toMatchObject({
    status: 'failed',
    reason: 'session',
    error: { code: 'OFFHOOK_SESSION_FAILED' },
  });
  await world.close();
});

test('settings the model refuses: the caller hears the apology and the call ends with a code', async () => {
  const world = await createWorld({ model: { vendor: { audio: { output: { speed: 9 } } } } });
  const call = world.ring([wait(30_000)]);
  const outcome = await world.over(call);
  expect(world.session.refusals).toHaveLength(1);
  expectHeard(call, 'apology');
  expect(outcome).toMatchObject({ reason: 'session', error: { code: 'OFFHOOK_SESSION_FAILED' } });
  await world.close();
});

test('late audio of a cancelled answer never reaches the line after its clear', async () => {
  const world = await createWorld({
    script: [GREETING, { say: line('en/agent-answer'), fault: { kind: 'late', deltas: 5 } }, { say: ANSWER }],
  });
  const call = world.ring([
    waitForAgent(),
    utter('en/caller-ask'),
    bargeIn({ name: 'barge', audio: voice('en/caller-barge').audio }, { afterMs: 1_500 }),
    waitForAgent(),
  ]);
  await world.over(call);
  expect(bargeInsOf(call.events)[0]?.reactionMs).toBeLessThan(400);
  const cut = Buffer.from(line('en/agent-answer').audio!);
  const stale = call.arrivals.filter(
    ({ clears, audio }) => clears >= 1 && audio && audio.length > 400 && cut.includes(Buffer.from(audio)),
  );
  expect(stale, 'frames of the cut answer after the clear').toHaveLength(0);
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.close();
});

test('a request that is refused because the model has one under way: it is asked for again, and heard', async () => {
  const refused = { kind: 'refused', code: 'conversation_already_has_active_response', tied: true } as const;
  const world = await createWorld({
    script: [GREETING, { hear: 'Which day?', say: ANSWER, fault: refused }],
    model: { turns: { by: 'runtime' } },
  });
  const call = world.ring(asksAndStays(15_000));
  await world.over(call);
  const at = heardAt(call, ANSWER.audio!);
  expect(at).toBeDefined();
  expect(heardAt(call, ANSWER.audio!, at! + 100), 'said once').toBeUndefined();
  await world.close();
});

test.each(['failed', 'missing'] as const)(
  'in runtime turns a question whose transcription is %s is answered all the same',
  async (transcription) => {
    const world = await createWorld({
      script: [GREETING, { transcription, say: ANSWER }],
      model: { turns: { by: 'runtime' } },
    });
    const call = world.ring(asksAndStays(12_000));
    await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  },
);

test('in runtime turns a question and its answer take one request each', async () => {
  const world = await createWorld({
    script: [GREETING, { hear: 'Which day?', say: ANSWER }],
    model: { turns: { by: 'runtime' } },
  });
  const call = world.ring(ASKS);
  await world.over(call);
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  expect(world.session.responses).toHaveLength(2);
  await world.close();
});
