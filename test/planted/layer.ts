/**
 * @module What a layer is: something that notices faults, and says which law it saw broken first and when. Each is a
 * suite of its own, run as it is.
 */
import type { Counters, Fault } from './plant.ts';
import { type CollectedTest, collectTests } from './suites.ts';

/** A test file below `test/`, and a part of the names of the tests that are meant. */
export type TestName = readonly [file: string, name: string];

/** The call of which a golden trace is kept. */
export const DEMO: TestName = ['e2e/demo-conversation', 'in en'];

/** A fault, and where the slower suites look for it. */
export interface Planted extends Fault {
  /** One of the walks, which take long together. */
  readonly walk: TestName;
  /** A whole call in which it may be noticed. */
  readonly story: TestName;
  /** Random conversations until it is given up. */
  readonly conversations?: number;
}

export const LAYERS = [
  'structure',
  'walk',
  'examples',
  'property',
  'story',
  'counters',
  'golden',
  'replay',
] as const;
export type Layer = (typeof LAYERS)[number];

export interface Catch {
  readonly law: string;
  readonly after: string;
}

export type Findings = { [Name in Layer]?: Catch | undefined };

/** What a call looks like whose charts are as they should be, for the layers that compare. */
export interface SoundCalls {
  readonly logs: ReadonlyMap<string, string>;
  /** What the charts went through in each story. */
  readonly counters: Map<TestName, Counters>;
}

export async function testsOf(file: string, name = '', lasts = false): Promise<readonly CollectedTest[]> {
  const tests = (await collectTests(`${file}.test.ts`, lasts)).filter((test) => test.name.includes(name));
  if (tests.length === 0) throw new Error(`no test of ${file} is named "${name}"`);
  return tests;
}
