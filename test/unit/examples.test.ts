/**
 * What the documentation shows is imported here: an example that was only ever pasted does not compile for long. The
 * quickstart exports its agent, starts nothing, and says which variable it misses.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const VARIABLES = ['CLAWOPS_API_KEY', 'CLAWOPS_ACCOUNT_ID', 'CLAWOPS_BASE_URL', 'OPENAI_API_KEY'];
beforeEach(() => {
  vi.resetModules();
  for (const name of VARIABLES) vi.stubEnv(name, '');
});
afterEach(() => vi.unstubAllEnvs());

test('the quickstart exports its agent and does not start it', async () => {
  vi.stubEnv('CLAWOPS_API_KEY', 'sk_test_local');
  vi.stubEnv('CLAWOPS_ACCOUNT_ID', 'AC_local');
  const { default: agent } = await import('../../examples/quickstart.ts');
  const { isAgent } = await import('../../src/agent.ts');
  expect(isAgent(agent)).toBe(true);
  expect(agent.calls).toEqual([]);
});

test('the quickstart says which key is missing', async () => {
  await expect(import('../../examples/quickstart.ts')).rejects.toMatchObject({
    code: 'OFFHOOK_OPTION_MISSING',
    message: expect.stringContaining('CLAWOPS_API_KEY') as string,
  });
});

test.each([
  ['README.md', 'examples/quickstart.ts'],
  ['README.ko.md', 'examples/quickstart.ts'],
  ['docs/testing.md', 'examples/test-your-agent.ts'],
])('%s shows %s as it is', (page, example) => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const withoutNote = read(example).replace(/^\/\*\*.*?\*\/\n/s, '');
  expect(read(page)).toContain(withoutNote);
});
