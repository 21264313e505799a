/**
 * The walks go on from places that another run was kept at. That is only worth something if a call that begins there
 * is the call that came all the way: the same states, the same orders, the same timers to the end.
 */
import { describe, expect, it } from 'vitest';
import type { CallContext } from '../../src/machines/call/vocabulary.ts';
import { CALL_WALKS, walkOf } from './call-walks.ts';
import { explore } from './explore.ts';
import { callLogic, type Rig } from './rig.ts';
import { catalogueOf } from './transitions.ts';
import type { Runner } from './walk.ts';

/** Every so many places of a walk: what keeps one keeps all of its kind. */
const EVERY = 10;

/** Small walks that between them have tools, transfers, keys and recordings. */
const WALKS = CALL_WALKS.filter(({ name }) => /runtime|taken back|keypad|on at first|the end/.test(name));

const catalogue = catalogueOf(callLogic);

/** All there is to see of a call but its name. */
function describeCall({ snapshot, said, clock }: Rig): string {
  const { status, value, context, tags, children } = snapshot;
  const seen = { ...context, id: '' };
  return JSON.stringify([status, value, seen, [...tags], Object.keys(children), said, clock.pending]);
}

describe('a call that goes on from where another was kept', () => {
  it.each(WALKS.map((entry) => [entry.name, walkOf(entry)] as const))(
    'is that call, step by step and to its end: %s',
    (_name, walk) => {
      const { prefix = [], candidates, start } = walk;
      const paths = [...explore(walk, catalogue).places.values()].map(({ path }) => [...prefix, ...path]);
      const take = (runner: Runner<CallContext>, symbol: string): void =>
        runner.send(candidates(runner.snapshot).get(symbol)!);
      for (const path of paths.filter((_, number) => number % EVERY === 0)) {
        const whole = start() as Rig;
        let resumed = start() as Rig;
        for (const symbol of path) {
          if (whole.snapshot.status !== 'active') break;
          const again = resumed.keep!();
          resumed.dispose();
          resumed = again() as Rig;
          take(whole, symbol);
          take(resumed, symbol);
          expect(describeCall(resumed), path.join(', ')).toBe(describeCall(whole));
        }
        if (whole.snapshot.status === 'active') {
          for (const rig of [whole, resumed]) rig.send({ type: 'leg.hangup', by: 'caller', status: 'x' });
          expect(resumed.wait(60_000)).toEqual(whole.wait(60_000));
        }
        expect(describeCall(resumed), path.join(', ')).toBe(describeCall(whole));
        whole.dispose();
        resumed.dispose();
      }
    },
  );
});
