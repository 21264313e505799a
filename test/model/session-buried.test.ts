/**
 * Bugs of the session chart that were found by walking it, each buried here: most let a request be waited for that
 * nobody knew of any more, which the caller hears as silence.
 */
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { createSessionRig, sessionCandidates, sessionLogic } from './session-rig.ts';

function play(...symbols: readonly string[]): ReturnType<typeof createSessionRig> {
  const rig = createSessionRig();
  for (const symbol of symbols) {
    const event = sessionCandidates(rig.snapshot).get(symbol);
    if (!event) throw new Error(`"${symbol}" cannot happen`);
    rig.send(event);
  }
  return rig;
}

const READY = ['open', 'session.ready'];
const BESIDE = [...READY, 'generate', 'gen.started self'];
const response = (rig: ReturnType<typeof createSessionRig>): unknown =>
  (rig.snapshot.value as { response: string }).response;

describe('a request the model was quicker than', () => {
  it('is told to be superseded when the vendor never says so itself', () => {
    const rig = play(...BESIDE, 'gen.done');
    expect(rig.heard).toContainEqual({ type: 'gen.failed', request: 1, code: 'superseded' });
  });

  it('is told to be superseded when the response beside it runs out of time', () => {
    const rig = play(...BESIDE, 'xstate.after.activeMax.session.response.active');
    expect(rig.heard).toEqual([{ type: 'gen.failed', request: 1, code: 'superseded' }]);
  });

  it('does not free the slot by its refusal while the other is being cancelled', () => {
    const rig = play(...BESIDE, 'cancel current', 'gen.failed refused');
    expect(rig.heard).toEqual([{ type: 'gen.failed', request: 1, code: 'superseded' }]);
    expect(response(rig)).toBe('cancelling');
  });

  it('is answered after all if it begins while the other is being cancelled', () => {
    const rig = play(...BESIDE, 'cancel current', 'gen.started');
    expect(rig.heard).toEqual([{ type: 'gen.started', gen: 2, request: 1 }]);
    expect(response(rig)).toBe('active');
  });
});

describe('a connection', () => {
  it('passes on the failure of an earlier response', () => {
    const rig = play(...READY, 'gen.started self', 'gen.started self', 'gen.failed older');
    expect(rig.heard).toEqual([{ type: 'gen.failed', gen: 1, code: 'TEST' }]);
  });

  it('that is taken and dropped at once, five times in a row, is given up', () => {
    const again = ['session.ready', 'session.lost', 'xstate.after.backoff.session.upkeep.lost'];
    const rig = play('open', ...again, ...again, ...again, ...again, 'session.ready', 'session.lost');
    expect(rig.snapshot.matches({ upkeep: 'failed' })).toBe(true);
    expect(rig.heard.at(-1)?.type).toBe('session.failed');
  });

  it('that has lasted makes the losses before it forgotten', () => {
    const again = ['session.ready', 'session.lost', 'xstate.after.backoff.session.upkeep.lost'];
    const stable = 'xstate.after.stable.ready';
    const rig = play('open', ...again, ...again, ...again, ...again, 'session.ready', stable, 'session.lost');
    expect(rig.snapshot.matches({ upkeep: 'lost' })).toBe(true);
  });

  it('that is gone cannot take the slot of the one that follows', () => {
    const rig = play(...READY, 'session.lost', 'xstate.after.backoff.session.upkeep.lost');
    rig.send({ type: 'gen.started', connection: 1, gen: 9 });
    rig.send({ type: 'session.lost', connection: 1, code: 'TEST', retryable: true });
    expect(response(rig)).toBe('none');
    expect(rig.snapshot.context.up).toBe(2);
  });

  it('that is opened after a close starts counting its losses anew', () => {
    const again = ['session.ready', 'session.lost', 'xstate.after.backoff.session.upkeep.lost'];
    const rig = play('open', ...again, ...again, ...again, ...again, 'close', 'open', 'session.ready');
    rig.send(sessionCandidates(rig.snapshot).get('session.lost')!);
    expect(rig.snapshot.matches({ upkeep: 'lost' })).toBe(true);
  });
});

describe('a session without a call above it', () => {
  it('tells its facts to nobody, and not to itself', () => {
    const toItself: string[] = [];
    const actor = createActor(sessionLogic, {
      clock: createVirtualClock(),
      input: { call: 'none' },
      inspect(inspected) {
        if (inspected.type !== '@xstate.event' || inspected.sourceRef !== inspected.actorRef) return;
        toItself.push(inspected.event.type);
      },
    });
    actor.subscribe({ error: () => {} });
    actor.start();
    actor.send({ type: 'open' });
    actor.send({ type: 'session.ready', connection: 1 });
    actor.send({ type: 'session.lost', connection: 1, code: 'TEST', retryable: false });
    expect((actor.getSnapshot() as { value: unknown }).value).toMatchObject({ upkeep: 'failed' });
    expect(toItself).toEqual([]);
    actor.stop();
  });
});
