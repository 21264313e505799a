/**
 * The link chart: what reconnects, when, and what must never reconnect. A second process that took a number over
 * used to be pushed out again by the first, until the platform locked both out.
 */
import { createActor } from 'xstate';
import { describe, expect, it } from 'vitest';
import {
  backoffDelay,
  createLinkLogic,
  type LinkEvent,
  type LinkOrder,
  linkMachine,
} from '../../src/machines/link/index.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

function start(jitter = 1) {
  const clock = createVirtualClock();
  const orders: (LinkOrder | { type: 'dispose' })[] = [];
  const logic = createLinkLogic({
    socket: () => ({
      connect: (n) => orders.push({ type: 'connect', n }),
      close: (n) => orders.push({ type: 'close', n }),
      dispose: () => orders.push({ type: 'dispose' }),
    }),
  });
  const actor = createActor(logic, { clock, input: { jitter } });
  actor.start();
  const send = (...events: LinkEvent[]): void => events.forEach((event) => actor.send(event));
  const state = () => actor.getSnapshot().value;
  return { clock, actor, orders, send, state };
}

const down = (n: number, more: object = {}): LinkEvent => ({ type: 'link.down', n, jitter: 1, ...more });

describe('the link chart', () => {
  it('waits 1, 2, 4, 8, 16, 30, 30 s between failed attempts at full jitter', () => {
    const { clock, orders, send, state } = start();
    send({ type: 'link.connect' });
    const waits: number[] = [];
    for (let n = 1; n <= 8; n += 1) {
      expect(orders.at(-1)).toEqual({ type: 'connect', n });
      send(down(n));
      expect(state()).toBe('backingOff');
      const from = clock.now();
      while (state() === 'backingOff') clock.advance(1);
      waits.push(clock.now() - from);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('spreads a wait over its upper half, and never exceeds 30 s', () => {
    expect(backoffDelay(1, 0)).toBe(500);
    expect(backoffDelay(1, 0.5)).toBe(750);
    expect(backoffDelay(1, 1)).toBe(1000);
    expect(backoffDelay(3, 0)).toBe(2000);
    expect(backoffDelay(10_000, 1)).toBe(30_000);
    expect(backoffDelay(2, Number.POSITIVE_INFINITY)).toBe(2000);
  });

  it('takes the jitter of a wait from the report that led to it', () => {
    const { clock, send, state } = start();
    send({ type: 'link.connect' }, { type: 'link.down', n: 1, jitter: 0 });
    clock.advance(499);
    expect(state()).toBe('backingOff');
    clock.advance(1);
    expect(state()).toBe('connecting');
  });

  it.each([
    ['401', { httpStatus: 401 }, 'credentials'],
    ['403', { httpStatus: 403 }, 'credentials'],
    ['4403', { code: 4403 }, 'number'],
    ['4409', { code: 4409 }, 'taken'],
  ])('is refused for good by %s and disposes of its socket', (_name, facts, output) => {
    const { actor, clock, orders, send, state } = start();
    send({ type: 'link.connect' });
    if ('code' in facts) send({ type: 'link.open', n: 1 });
    send(down(1, facts));
    expect(state()).toBe('refused');
    expect(actor.getSnapshot().output).toBe(output);
    expect(orders.at(-1)).toEqual({ type: 'dispose' });
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['404', { httpStatus: 404 }],
    ['500', { httpStatus: 500 }],
    ['1001, a draining gateway', { code: 1001 }],
    ['1006, a network fault', { code: 1006 }],
    ['no code at all', {}],
  ])('comes back after %s', (_name, facts) => {
    const { clock, orders, send } = start();
    send({ type: 'link.connect' }, down(1, facts));
    clock.advance(1000);
    expect(orders.at(-1)).toEqual({ type: 'connect', n: 2 });
  });

  it('gives up an attempt without an answer after exactly 10 s, and ignores it from then on', () => {
    const { clock, orders, send, state } = start();
    send({ type: 'link.connect' });
    clock.advance(9_999);
    expect(state()).toBe('connecting');
    clock.advance(1);
    expect(state()).toBe('backingOff');
    expect(orders.at(-1)).toEqual({ type: 'close', n: 1 });
    clock.advance(1000);
    expect(state()).toBe('connecting');
    send({ type: 'link.open', n: 1 }, down(1, { code: 4409 }));
    expect(state()).toBe('connecting');
    send({ type: 'link.open', n: 2 });
    expect(state()).toBe('open');
  });

  it('ignores every stale fact in every state', () => {
    const { clock, send, state } = start();
    send({ type: 'link.connect' }, down(1));
    clock.advance(1000);
    send({ type: 'link.open', n: 2 });
    const stale: LinkEvent[] = [
      down(1, { code: 4409 }),
      { type: 'link.open', n: 1 },
      { type: 'link.retired', n: 1 },
      { type: 'link.active', n: 1 },
    ];
    send(...stale);
    expect(state()).toBe('open');
    send({ type: 'link.retired', n: 2 }, ...stale);
    expect(state()).toBe('retired');
  });

  it('forgets failures only once a connection has lasted, so that accept-and-drop is not asked every second', () => {
    const { clock, send, state } = start();
    const wait = (n: number): number => {
      send(down(n));
      const from = clock.now();
      while (state() === 'backingOff') clock.advance(1);
      return clock.now() - from;
    };
    send({ type: 'link.connect' }, { type: 'link.open', n: 1 });
    expect(wait(1)).toBe(1000);
    send({ type: 'link.open', n: 2 });
    clock.advance(4_999);
    expect(wait(2)).toBe(2000);
    send({ type: 'link.open', n: 3 });
    clock.advance(5_000);
    expect(wait(3)).toBe(1000);
  });

  it('once retired stays up without a number, and never reconnects, however the socket ends', () => {
    const { actor, clock, send, state } = start();
    send({ type: 'link.connect' }, { type: 'link.open', n: 1 }, { type: 'link.retired', n: 1 });
    expect(actor.getSnapshot().hasTag('link.up')).toBe(true);
    send({ type: 'link.active', n: 1 });
    expect(state()).toBe('open');
    send({ type: 'link.retired', n: 1 }, down(1, { code: 1006 }));
    expect(state()).toBe('refused');
    expect(actor.getSnapshot().output).toBe('taken');
    expect(clock.pending).toBe(0);
  });

  it('closes from every state, leaving no timer and no socket', () => {
    const paths: LinkEvent[][] = [
      [],
      [{ type: 'link.connect' }],
      [{ type: 'link.connect' }, { type: 'link.open', n: 1 }],
      [{ type: 'link.connect' }, { type: 'link.open', n: 1 }, { type: 'link.retired', n: 1 }],
      [{ type: 'link.connect' }, down(1)],
    ];
    for (const path of paths) {
      const { clock, orders, send, state } = start();
      send(...path, { type: 'link.close' });
      expect(state()).toBe('closed');
      expect(orders.at(-1)).toEqual({ type: 'dispose' });
      expect(clock.pending).toBe(0);
    }
  });

  it('survives a port that throws: the attempt ends at its limit', () => {
    const clock = createVirtualClock();
    const broken = (): never => {
      throw new Error('port');
    };
    const logic = createLinkLogic({ socket: () => ({ connect: broken, close: broken, dispose: broken }) });
    const actor = createActor(logic, { clock, input: { jitter: 0 } });
    actor.start();
    actor.send({ type: 'link.connect' });
    clock.advance(10_000);
    expect(actor.getSnapshot().value).toBe('backingOff');
    actor.send({ type: 'link.close' });
    expect(actor.getSnapshot().status).toBe('done');
  });

  it('gives a reason for every transition', () => {
    const reasons = Object.values(linkMachine.states).flatMap((state) =>
      [...state.transitions.values()].flat().map((transition) => transition.meta?.why),
    );
    expect(reasons.length).toBeGreaterThan(10);
    expect(reasons).not.toContain(undefined);
  });
});
