/**
 * A scripted caller must wait, interrupt and press keys at exactly the tick the script says, or every latency
 * measured against it is off by the script's own sloppiness.
 */
import { expect, test } from 'vitest';
import type { CallEvent } from '../../src/exchange/events.ts';
import { bargeInsOf, turnsOf } from '../../src/exchange/events.ts';
import type { ExchangeCall } from '../../src/exchange/index.ts';
import { createLine, type Line } from '../../src/exchange/line.ts';
import {
  bargeIn,
  type CallerScript,
  goSilent,
  muteFrames,
  press,
  say,
  silentUntil,
  wait,
  waitForAgent,
} from '../../src/exchange/steps.ts';
import { tone, hush } from '../conformance/exchange-client.ts';

interface Rig {
  line: Line;
  events: CallEvent[];
  acts: string[];
  sent: (boolean | undefined)[];
  now: () => number;
  /** Ticks for `ms`. */
  run: (ms: number) => void;
  of: (type: CallEvent['type']) => number[];
}

function createRig(script: CallerScript): Rig {
  let at = 0;
  const events: CallEvent[] = [];
  const acts: string[] = [];
  const sent: (boolean | undefined)[] = [];
  const line = createLine({
    now: () => at,
    script,
    call: () => ({ events }) as unknown as ExchangeCall,
    emit: (event) => events.push(event),
    keepAudio: true,
    output: { frame: (frame) => sent.push(frame?.voiced), mark: () => {} },
    acts: {
      digit: (key) => acts.push(`${key}@${at}`),
      hangUp: () => acts.push(`hangUp@${at}`),
      loseNetwork: () => acts.push('lost'),
    },
  });
  return {
    line,
    events,
    acts,
    sent,
    now: () => at,
    run(ms) {
      for (const end = at + ms; at < end;) {
        at += 20;
        line.tick(at);
      }
    },
    of: (type) => events.filter((event) => event.type === type).map((event) => event.at),
  };
}

test('a script that comes to its end hangs up, once', () => {
  const rig = createRig([wait(100)]);
  rig.run(400);
  expect(rig.acts).toEqual(['hangUp@120']);
});

test('waitForAgent moves on when the agent has been quiet for exactly quietMs', () => {
  const rig = createRig([waitForAgent({ quietMs: 300 })]);
  rig.line.audio(tone(100));
  rig.run(20 + 100 + 300 - 20);
  expect(rig.acts).toEqual([]);
  rig.run(20);
  expect(rig.acts).toEqual(['hangUp@420']);
});

test('a pause shorter than quietMs inside a reply is not its end', () => {
  const rig = createRig([waitForAgent({ quietMs: 300 })]);
  rig.line.audio(Buffer.concat([tone(100), hush(280), tone(100)]));
  rig.run(600);
  expect(rig.acts).toEqual([]);
  rig.run(220);
  expect(rig.acts).toEqual(['hangUp@800']);
});

test('waitForAgent gives up on an agent that says nothing, and says so', () => {
  const rig = createRig([waitForAgent({ timeoutMs: 200 }), goSilent()]);
  rig.run(400);
  expect(rig.events).toEqual([{ at: 220, type: 'timeout', step: 'waitForAgent' }]);
});

test('what was said before the caller spoke is no answer to it', () => {
  const rig = createRig([
    waitForAgent({ quietMs: 100 }),
    say({ audio: tone(100) }),
    waitForAgent({ quietMs: 100 }),
  ]);
  rig.line.audio(tone(100));
  rig.run(2_000);
  expect(rig.acts).toEqual([]);
  rig.line.audio(tone(100));
  rig.run(220);
  expect(rig.acts).toHaveLength(1);
});

test('barge-in starts on the very tick at which the agent has been audible for afterMs', () => {
  const rig = createRig([bargeIn({ name: 'stop', audio: tone(200) }, { afterMs: 300 }), goSilent()]);
  rig.run(100);
  rig.line.audio(tone(2_000));
  rig.run(1_000);
  expect(rig.of('agentVoiceStart')).toEqual([120]);
  expect(rig.events.find((event) => event.type === 'callerVoiceStart')).toEqual({
    at: 420,
    type: 'callerVoiceStart',
    step: 'stop',
    over: true,
  });
  expect(rig.of('callerVoiceStop')).toEqual([600]);
});

test('a barge-in that never gets its chance is spoken late and does not count as one', () => {
  const rig = createRig([bargeIn({ audio: tone(100) }, { timeoutMs: 200 }), goSilent()]);
  rig.run(600);
  expect(rig.of('timeout')).toEqual([220]);
  expect(bargeInsOf(rig.events)).toEqual([]);
});

test('the end of a reply cut off by a clear is not taken for the answer', () => {
  const rig = createRig([bargeIn({ audio: tone(100) }, { afterMs: 100 }), waitForAgent({ quietMs: 300 })]);
  rig.line.audio(tone(5_000));
  rig.run(400);
  rig.line.clear();
  rig.run(1_000);
  expect(rig.acts).toEqual([]);
  rig.line.audio(tone(100));
  rig.run(600);
  expect(rig.acts).toHaveLength(1);
});

test('turn latency runs from the last voiced frame, reaction from the first', () => {
  const rig = createRig([
    say({ name: 'question', audio: Buffer.concat([hush(40), tone(100), hush(200)]) }),
    bargeIn({ name: 'wait', audio: tone(400) }, { afterMs: 200 }),
    goSilent(),
  ]);
  rig.run(500);
  rig.line.audio(tone(3_000));
  rig.run(400);
  rig.line.clear();
  rig.run(1_000);
  // Frames 3 to 7 are voiced: sent at 60 … 140; the reply's first frame is played at 520.
  expect(turnsOf(rig.events)).toEqual([{ step: 'question', at: 140, latencyMs: 380 }]);
  expect(bargeInsOf(rig.events)).toEqual([{ step: 'wait', at: 720, reactionMs: 180 }]);
});

test('keys are pressed one every 200 ms', () => {
  const rig = createRig([wait(100), press('1#'), goSilent()]);
  rig.run(1_000);
  expect(rig.acts).toEqual(['1@120', '#@320']);
});

test('silentUntil looks at what was measured', () => {
  const rig = createRig([silentUntil((call) => call.events.some((event) => event.type === 'clear'))]);
  rig.run(500);
  rig.line.clear();
  rig.run(40);
  expect(rig.acts).toEqual(['hangUp@520']);
});

test('muted frames leave a hole in what is sent and none in what was spoken', () => {
  const rig = createRig([wait(40), muteFrames(3), goSilent()]);
  rig.run(200);
  expect(rig.sent).toEqual([false, false, undefined, undefined, undefined, ...Array<boolean>(5).fill(false)]);
  expect(rig.line.spoken.length).toBe(10 * 160);
});

test('a function in a script makes its steps when its turn has come', () => {
  const rig = createRig([wait(100), (call) => (call.events.length > 0 ? [goSilent()] : [press('9')])]);
  rig.run(1_000);
  expect(rig.acts[0]).toBe('9@120');
});

test('hanging up in mid-word still reports the end of the utterance', () => {
  const rig = createRig([say({ audio: tone(1_000) })]);
  rig.run(200);
  rig.line.stop();
  expect(rig.of('callerVoiceStop')).toEqual([200]);
});

test('heard and spoken are lines without holes, one frame a tick', () => {
  const rig = createRig([wait(100), say({ audio: tone(50, 0x20) }), goSilent()]);
  rig.run(60);
  rig.line.audio(tone(40, 0x11));
  rig.run(140);
  expect(Buffer.from(rig.line.heard)).toEqual(Buffer.concat([hush(60), tone(40, 0x11), hush(100)]));
  expect(Buffer.from(rig.line.spoken)).toEqual(Buffer.concat([hush(100), tone(50, 0x20), hush(50)]));
});
