/**
 * Every event and order of the demo call, against a stored trace: a change of any chart, port or wire shows here as
 * a diff to be read, and is accepted with UPDATE_GOLDEN=1 (see golden.ts).
 */
import { expect, test } from 'vitest';
import { playDemo } from './demo.ts';
import { readGolden, renderTrace } from './golden.ts';

test.each(['en', 'ko'] as const)('the demo call in %s leaves the trace it always left', async (language) => {
  const { log } = await playDemo(language);
  const trace = renderTrace(log);
  const golden = readGolden(new URL(`fixtures/demo-${language}.trace`, import.meta.url), trace);
  expect(trace).toBe(golden);
});
