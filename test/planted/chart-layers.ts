/**
 * @module The layers that look at the charts alone: what reads them without running them, the walk of every state, the
 * examples of buried bugs, and random conversations.
 */
import fc from 'fast-check';
import { vi } from 'vitest';
import { type Catch, type Planted, testsOf } from './layer.ts';
import { type CollectedTest, findFailure } from './suites.ts';

/** Enough to meet what most conversations lead to; a fault says where it takes more. */
const CONVERSATIONS = 24;

/** Every walk and 2,000 conversations, instead of what each fault names. */
export const DEEP = process.env['PLANTED'] === 'deep';

const firstLine = (text: string): string => text.split('\n')[0]!;
const ownName = (name: string): string => name.split(' > ').at(-1)!;

export async function inspectStructure(): Promise<Catch | undefined> {
  const failure = await findFailure(await testsOf('model/structure'));
  return failure && { law: ownName(failure.test), after: 'nothing: it is read' };
}

export async function walk({ walk: where }: Pick<Planted, 'walk'>): Promise<Catch | undefined> {
  const tests = [...(await testsOf(...where))];
  if (DEEP) {
    tests.push(...(await testsOf('model/session-paths')), ...(await testsOf('model/call-paths', 'holds in')));
  }
  const failure = await findFailure(tests);
  if (!failure) return undefined;
  const path = /^on (\[.*\])$/m.exec(failure.error.message)?.[1] ?? '[]';
  const { length } = JSON.parse(path) as unknown[];
  return { law: firstLine(failure.error.message), after: `${length} events` };
}

export async function playExamples(): Promise<Catch | undefined> {
  const tests: CollectedTest[] = [];
  for (const file of ['model/call-buried', 'model/session-buried', 'unit/link-chart']) {
    tests.push(...(await testsOf(file)));
  }
  const failure = await findFailure(tests);
  if (!failure) return undefined;
  const place = tests.findIndex(({ name }) => name === failure.test) + 1;
  return { law: ownName(failure.test), after: `${place} of ${tests.length} examples` };
}

export async function converse({
  conversations = CONVERSATIONS,
}: Pick<Planted, 'conversations'>): Promise<Catch | undefined> {
  vi.stubEnv('CONVERSATIONS', String(DEEP ? 2_000 : conversations));
  // The first breach is enough: nobody reads the shortest conversation that shows a planted fault.
  fc.configureGlobal({ endOnFailure: true });
  try {
    const tests = await testsOf('property/conversations');
    const failure = await findFailure(tests);
    if (!failure) return undefined;
    const { message, cause } = failure.error;
    const { actual = firstLine(message) } = (cause ?? {}) as { actual?: string };
    // fast-check counts them from 0, and says so first in the path to what failed.
    const number = /path "(\d+)/.exec(message)?.[1];
    const test = ownName(failure.test);
    const after =
      number === undefined ? test : `${Number(number) + 1} conversations ${test.split(' keeps')[0]!}`;
    return { law: actual, after };
  } finally {
    fc.resetConfigureGlobal();
    vi.unstubAllEnvs();
  }
}
