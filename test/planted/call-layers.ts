/**
 * @module The layers that hold a whole call against what it should be: what its people lived through, over sockets and
 * in virtual time, what the runtime counted, the stored trace of the demo, and logs of sound calls played to the chart.
 */
import { vi } from 'vitest';
import type * as Replay from '../../src/runtime/replay.ts';
import type * as Demo from '../e2e/demo.ts';
import { type Happening, startWorld } from '../unit/replay-harness.ts';
import {
  type Catch,
  DEMO,
  type Findings,
  type Planted,
  type SoundCalls,
  testsOf,
  type TestName,
} from './layer.ts';
import type { Counters } from './plant.ts';
import { type Failure, findFailure } from './suites.ts';

const GOLDEN: TestName = ['e2e/golden-trace', 'call in en leaves'];

let demo: ReturnType<typeof Demo.playDemo> | undefined;

/** One demo call for every suite that plays it. */
function shareDemo(): void {
  demo = undefined;
  vi.doMock('../e2e/demo.ts', async () => {
    const { playDemo } = await vi.importActual<typeof Demo>('../e2e/demo.ts');
    return { playDemo: () => (demo ??= playDemo('en')) };
  });
}

/** Plays the story a fault names and watches the counters meanwhile; the demo is held against its trace as well. */
export async function playStory(
  { story }: Pick<Planted, 'story'>,
  counters: Counters,
  sound: SoundCalls,
): Promise<Findings> {
  shareDemo();
  counters.stale = counters.threw = 0;
  const findings: Findings = {};
  const failure = await findFailure(await testsOf(...story, true));
  if (failure) findings.story = { law: failure.test.split(' > ').at(-1)!, after: 'one call' };
  const counted = counterBreach(counters, sound.counters.get(story));
  if (counted) findings.counters = counted;
  if (story !== DEMO) return findings;
  const differs = await findFailure(await testsOf(...GOLDEN, true));
  if (differs) findings.golden = differingLine(differs);
  return findings;
}

/** A chart that threw was contained; that it did is for somebody to look into, and so is what was turned away. */
function counterBreach({ stale, threw }: Counters, sound: Counters | undefined): Catch | undefined {
  if (threw > 0) return { law: `a chart threw ${threw} times`, after: 'one call' };
  if (!sound || stale === sound.stale) return undefined;
  return { law: `${stale} events turned away, and not ${sound.stale}`, after: 'one call' };
}

function differingLine({ error }: Failure): Catch {
  const { actual, expected } = error as { actual?: unknown; expected?: unknown };
  if (typeof actual !== 'string' || typeof expected !== 'string') {
    return { law: 'no trace at all', after: 'one call' };
  }
  const lines = expected.split('\n');
  const place = actual.split('\n').findIndex((line, index) => line !== lines[index]);
  return { law: 'another trace', after: `line ${place + 1} of ${lines.length}` };
}

/** Calls of chance, with much of what a carrier and a model can do wrong in them. */
export function recordCalls(): ReadonlyMap<string, string> {
  const kinds: readonly Happening['what'][] = [
    'turn',
    'voice.start',
    'voice.stop',
    'key',
    'stale',
    'reply',
    'lost',
    'say',
    'media',
    'transfer',
    'target',
    'collect',
  ];
  return new Map(
    Array.from({ length: 8 }, (_, seed) => {
      const world = startWorld({ seed, direction: seed % 2 === 0 ? 'inbound' : 'outbound' });
      for (let step = 0; step < 60; step += 1) {
        world.happen({
          wait: 100 + ((seed * 37 + step * 311) % 1_900),
          what: kinds[(seed + step * 5) % kinds.length]!,
        });
      }
      world.finish();
      return [`call ${seed + 1}`, world.text()] as const;
    }),
  );
}

export async function replay({ logs }: SoundCalls): Promise<Catch | undefined> {
  const { replayCallLog } = await vi.importActual<typeof Replay>('../../src/runtime/replay.ts');
  for (const [name, log] of logs) {
    const { difference } = replayCallLog(log);
    if (difference) {
      return {
        law: `${name} comes out different`,
        after: `line ${difference.line} of ${log.split('\n').length - 1}`,
      };
    }
  }
  return undefined;
}
