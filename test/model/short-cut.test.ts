/**
 * Short cuts change nothing but the time a step takes: in every state of the session chart, along every edge, a chart
 * with them orders, tells and remembers what the chart without them does, and inspectors hear of the same microsteps.
 */
import { describe, expect, it, vi } from 'vitest';
import {
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
  fromCallback,
  sendTo,
  setup,
} from 'xstate';
import { takeShortCuts } from '../../src/machines/short-cut.ts';
import { DEEP } from './coverage.ts';
import { type Edge, explore } from './explore.ts';
import {
  createSessionRig,
  sessionCandidates,
  sessionLogic,
  shortCutLogic,
  wholeSession,
} from './session-rig.ts';
import { SESSION_LOSSES, SESSION_SLOT } from './session-walks.ts';
import { catalogueOf } from './transitions.ts';

type Rig = ReturnType<typeof createSessionRig>;

/** Takes one step. @returns what it said, and where it led */
function step(rig: Rig, symbol: string): string {
  const before = rig.snapshot;
  const event = sessionCandidates(before).get(symbol);
  if (!event) throw new Error(`"${symbol}" cannot happen`);
  rig.send(event);
  const { value, status } = rig.snapshot;
  // Each rig is a call of its own.
  const context = { ...rig.snapshot.context, call: 'x' };
  const same = rig.snapshot === before ? 'the same snapshot' : 'another snapshot';
  return JSON.stringify([symbol, rig.said, value, context, status, same]);
}

/** A session whose every step is told, with what an inspector heard of it. */
function createInspected(logic: AnyStateMachine): { step(symbol: string): string[]; dispose(): void } {
  let heard: string[] = [];
  const rig = createSessionRig((inspected) => {
    if (inspected.type !== '@xstate.microstep') return;
    const taken = inspected._transitions.map(({ eventType, source, meta }) => [eventType, source.id, meta]);
    heard.push(JSON.stringify([inspected.event, taken]));
  }, logic);
  return {
    step(symbol) {
      heard = [];
      return [step(rig, symbol), ...heard];
    },
    dispose: () => rig.dispose(),
  };
}

/** Two charts side by side, one of which takes short cuts. */
function createPair(): { step(symbol: string): void; dispose(): void } {
  const whole = createInspected(sessionLogic);
  const short = createInspected(shortCutLogic);
  return {
    step: (symbol) => expect(short.step(symbol)).toEqual(whole.step(symbol)),
    dispose() {
      whole.dispose();
      short.dispose();
    },
  };
}

/** From one state on, along edges that are left; a run of its own for each would take as many ways there again. */
const LONGEST_TOUR = 60;

describe('short cuts', () => {
  it.each([SESSION_SLOT, SESSION_LOSSES])('lead where the whole step leads: $name', (walk) => {
    const { places } = explore(walk, catalogueOf(sessionLogic));
    // Every short cut stays where it is; the edges that move are taken by `test:deep`.
    const isTaken = (name: string, { to }: Edge): boolean => DEEP || to === name;
    const left = new Map(
      [...places].map(([name, { edges }]) => [name, edges.filter((edge) => isTaken(name, edge))]),
    );
    const all = [...left.values()].reduce((sum, edges) => sum + edges.length, 0);
    let taken = 0;
    for (const [name, { path }] of places) {
      while (left.get(name)!.length > 0) {
        const pair = createPair();
        for (const symbol of path) pair.step(symbol);
        let at = name;
        for (let length = 0; length < LONGEST_TOUR; length += 1) {
          const edge = left.get(at)!.pop();
          if (!edge) break;
          pair.step(edge.symbol);
          taken += 1;
          at = edge.to;
        }
        pair.dispose();
      }
    }
    expect(taken).toBe(all);
  });

  it('are taken by what a ready session hands on, both ways, and by nothing else', () => {
    const READY = ['open', 'session.ready'];
    const REPLY = [...READY, 'generate', 'gen.started'];
    const transition = vi.spyOn(wholeSession, 'transition');
    const stepsOf = (symbols: readonly string[]): number => {
      const rig = createSessionRig(undefined, shortCutLogic);
      for (const symbol of symbols.slice(0, -1)) step(rig, symbol);
      transition.mockClear();
      step(rig, symbols.at(-1)!);
      const steps = transition.mock.calls.length;
      rig.dispose();
      return steps;
    };
    const handedOn = [
      'voice.start',
      'voice.stop',
      'turn.committed',
      'turn.reopened',
      'gen.audio',
      'tool.call',
    ];
    const handedDown = ['truncate', 'toolResult', 'digits', 'commit', 'update'];
    for (const symbol of [...handedOn, ...handedDown]) expect(stepsOf([...REPLY, symbol]), symbol).toBe(0);
    for (const symbol of ['gen.done', 'cancel current', 'generate', 'session.lost']) {
      expect(stepsOf([...REPLY, symbol]), symbol).toBeGreaterThan(0);
    }
    // Before it is ready, nobody is to hear of it.
    expect(stepsOf(['open', 'voice.start'])).toBe(1);
  });

  it('are refused where a wildcard could take an event that no state names', () => {
    const machine = createMachine({ on: { '*': {}, known: {} } });
    expect(() => takeShortCuts(machine)).toThrow('wildcard');
  });

  it('leave alone what is guarded, moves, has two takers, or does more than to send', () => {
    const tell = sendTo('ear', { type: 'told' });
    const ear = fromCallback<EventObject>(({ receive }) => receive(({ type }) => void heard.push(type)));
    const whole = setup({
      actors: { ear },
      actions: { tell, note: () => void heard.push('noted') },
      guards: { yes: () => true },
    }).createMachine({
      invoke: { id: 'ear', src: 'ear' },
      type: 'parallel',
      states: {
        left: { on: { twice: { actions: 'tell' }, mixed: { actions: 'note' } } },
        right: {
          initial: 'one',
          states: {
            one: {
              on: {
                plain: { actions: 'tell' },
                guarded: { guard: 'yes', actions: 'tell' },
                double: { actions: ['tell', 'note'] },
                other: { actions: 'note' },
                twice: { actions: 'tell' },
                mixed: { actions: 'tell' },
                moving: { target: 'two', actions: 'tell' },
              },
            },
            two: {},
          },
        },
      },
    });
    const heard: string[] = [];
    const transition = vi.spyOn(whole, 'transition');
    const actor = createActor(takeShortCuts(whole)).start();
    const play = (type: string): { heard: string[]; steps: number } => {
      heard.length = 0;
      transition.mockClear();
      actor.send({ type });
      return { heard: [...heard], steps: transition.mock.calls.length };
    };
    expect(play('plain')).toEqual({ heard: ['told'], steps: 0 });
    expect(play('guarded')).toEqual({ heard: ['told'], steps: 1 });
    expect(play('double').heard.toSorted()).toEqual(['noted', 'told']);
    expect(play('double').steps).toBe(1);
    expect(play('other')).toEqual({ heard: ['noted'], steps: 1 });
    expect(play('twice')).toEqual({ heard: ['told', 'told'], steps: 1 });
    expect(play('mixed').heard.toSorted()).toEqual(['noted', 'told']);
    expect(play('moving')).toEqual({ heard: ['told'], steps: 1 });
    // Not in this state.
    expect(play('plain')).toEqual({ heard: [], steps: 1 });
    actor.stop();
  });
});
