/**
 * Work that a call waits for is somebody else's code: a screen, a list of listeners, a session's recipe. Each has a
 * deadline, none can end a call by failing, and none is heard any more once its call is over.
 */
import { describe, expect, it } from 'vitest';
import {
  createLimitPort,
  createScreenPort,
  createStartPort,
  SCREEN_LIMIT,
  type ScreenVerdict,
  START_LIMIT,
} from '../../src/runtime/assemble/tasks.ts';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { createFakeCall } from './assemble-parts.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => {});
const ACCEPT: ScreenVerdict = { accept: true, code: '' };

function openPort() {
  const call = createFakeCall();
  const policy = { maxDuration: 1 } as CallPolicy;
  const parts = { ...call.parts, policy: () => policy };
  const facts: { at: number; type: string }[] = [];
  return {
    ...call,
    parts,
    policy,
    facts,
    input: { call: parts.id },
    tell: (fact: { type: string }) => void facts.push({ at: call.clock.now(), ...fact }),
  };
}

describe('screening', () => {
  const screened = (
    screen: () => ScreenVerdict | Promise<ScreenVerdict>,
    prepare: () => Promise<void> = async () => {},
  ) => {
    const rig = openPort();
    const port = createScreenPort(rig.parts, screen, prepare)(rig.input, rig.tell);
    return { ...rig, port };
  };

  it('accepts with the policy that the session decided, after it was prepared', async () => {
    const order: string[] = [];
    const { clock, facts, policy, counters } = screened(
      () => {
        order.push('screen');
        return ACCEPT;
      },
      async () => void order.push('prepare'),
    );
    await clock.run(0);
    expect(order).toEqual(['screen', 'prepare']);
    expect(facts).toEqual([{ at: 0, type: 'screen.done', accept: true, code: '', policy }]);
    expect(counters.screenFailures).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('rejects without preparing a session, which would cost money', async () => {
    let prepared = false;
    const verdict = { accept: false, code: 'blocked' };
    const { clock, facts } = screened(
      () => verdict,
      async () => void (prepared = true),
    );
    await clock.run(START_LIMIT);
    expect(facts).toMatchObject([{ type: 'screen.done', ...verdict }]);
    expect(prepared).toBe(false);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('that %s lets the caller in, and is counted', async (_how, screen) => {
    const { clock, facts, counters, complaints } = screened(screen);
    await clock.run(0);
    expect(facts).toMatchObject([{ at: 0, accept: true }]);
    expect(counters.screenFailures).toBe(1);
    expect(complaints).toEqual(['screen failed']);
  });

  it('is waited for three seconds, not a moment less, and its late answer changes nothing', async () => {
    let reject!: (verdict: ScreenVerdict) => void;
    const { clock, facts, counters } = screened(() => new Promise((resolve) => void (reject = resolve)));
    await clock.run(SCREEN_LIMIT - 1);
    expect(facts).toEqual([]);
    await clock.run(1);
    expect(facts).toMatchObject([{ at: 3000, accept: true }]);
    expect(counters.screenFailures).toBe(1);
    reject({ accept: false, code: 'too-late' });
    await clock.run(START_LIMIT);
    expect(facts.length).toBe(1);
  });

  it('waits for a session that does not get ready for five seconds more, then goes on without', async () => {
    const { clock, facts, counters } = screened(() => ACCEPT, never);
    await clock.run(START_LIMIT - 1);
    expect(facts).toEqual([]);
    await clock.run(1);
    expect(facts).toMatchObject([{ at: 5000, accept: true }]);
    expect(counters.screenFailures).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['the screen', never<ScreenVerdict>, never<void>],
    ['the session', () => ACCEPT, never<void>],
  ])('says nothing and leaves no timer when the call ends during %s', async (_what, screen, prepare) => {
    const { clock, facts, port } = screened(screen, prepare);
    await clock.run(1000);
    expect(clock.pending).toBe(1);
    port.close?.();
    expect(clock.pending).toBe(0);
    await clock.run(10_000);
    expect(facts).toEqual([]);
  });
});

describe('the listeners of call_start', () => {
  it('are done when they are done', async () => {
    const { parts, clock, facts, input, tell } = openPort();
    createStartPort(parts, () => new Promise((resolve) => void clock.setTimeout(resolve, 700)))(input, tell);
    await clock.run(2000);
    expect(facts).toEqual([{ at: 700, type: 'start.done' }]);
    expect(clock.pending).toBe(0);
  });

  it('hold the greeting up for five seconds at most', async () => {
    const { parts, clock, facts, input, tell, complaints } = openPort();
    createStartPort(parts, never)(input, tell);
    await clock.run(START_LIMIT - 1);
    expect(facts).toEqual([]);
    await clock.run(1);
    expect(facts).toEqual([{ at: 5000, type: 'start.done' }]);
    expect(complaints.length).toBe(1);
  });

  it('that fail do not keep the call from starting', async () => {
    const { parts, clock, facts, input, tell } = openPort();
    createStartPort(parts, () => Promise.reject(new Error('broken')))(input, tell);
    await clock.run(0);
    expect(facts).toEqual([{ at: 0, type: 'start.done' }]);
  });

  it('are not waited for once the call is over', async () => {
    const { parts, clock, facts, input, tell } = openPort();
    const port = createStartPort(parts, never)(input, tell);
    port.close?.();
    await clock.run(START_LIMIT);
    expect(facts).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe("the limit on a call's length", () => {
  const limited = (ms: number) => {
    const rig = openPort();
    const port = createLimitPort(rig.parts)({ ...rig.input, ms }, rig.tell);
    return {
      ...rig,
      port,
      pause: () => port.order?.({ type: 'pause' }),
      resume: () => port.order?.({ type: 'resume' }),
    };
  };

  it('is reached on time, and once', () => {
    const { clock, facts, pause, resume } = limited(60_000);
    clock.advance(59_999);
    expect(facts).toEqual([]);
    clock.advance(1);
    expect(facts).toEqual([{ at: 60_000, type: 'limit.reached' }]);
    pause();
    resume();
    clock.advance(100_000);
    expect(facts.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('does not count the time away, however often it is paused', () => {
    const { clock, facts, pause, resume } = limited(60_000);
    clock.advance(20_000);
    pause();
    pause();
    expect(clock.pending).toBe(0);
    clock.advance(1_000_000);
    resume();
    resume();
    clock.advance(15_000);
    pause();
    clock.advance(5);
    resume();
    clock.advance(24_999);
    expect(facts).toEqual([]);
    clock.advance(1);
    expect(facts.length).toBe(1);
    expect(clock.now()).toBe(20_000 + 1_000_000 + 15_000 + 5 + 25_000);
  });

  it('leaves no timer behind', () => {
    const { clock, port } = limited(60_000);
    port.close?.();
    expect(clock.pending).toBe(0);
  });
});
