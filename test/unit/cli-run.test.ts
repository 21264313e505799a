/**
 * `offhook run` takes a module's default export, and says of any other module what is wrong with it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { loadAgent } from '../../src/cli/run.ts';
import { createFakeIo } from './cli-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'offhook-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

function moduleOf(name: string, text: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, text);
  return path;
}

const source = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

test('an agent is loaded and not started', async () => {
  const path = moduleOf(
    'good',
    `import { createAgent } from ${source('index.ts')};
     const transport = { name: 'none', can: {}, connect() { throw new Error('started'); }, close: async () => {} };
     export default createAgent({ transports: [transport], session: () => { throw new Error('asked'); } });`,
  );
  expect((await loadAgent(path)).calls).toEqual([]);
});

test.each([
  ['has no default export', 'export const agent = 1;', 'has no default export'],
  ['exports something else', 'export default { serve() {} };', 'exports an object as default'],
  ['exports a maker of agents', 'export default () => {};', 'exports a function as default'],
  ['exports nothing at all', 'export default null;', 'exports null as default'],
  ['throws', 'throw new Error("no database");', 'cannot be loaded'],
  ['is no JavaScript', 'this is not a module', 'cannot be loaded'],
])('a module that %s is refused with what is wrong', async (name, text, told) => {
  const path = moduleOf(name.replaceAll(' ', '-'), text);
  const io = createFakeIo();
  expect(await main(['run', path], io)).toBe(1);
  const [first = ''] = io.errLines;
  expect(first).toMatch(/^OFFHOOK_MODULE_INVALID /);
  expect(first).toContain(told);
  expect(io.left).toEqual([1]);
});

test('a mistake in the agent itself is shown as what it is', async () => {
  const path = moduleOf(
    'mistake',
    `import { createAgent } from ${source('index.ts')}; export default createAgent({ transports: [] });`,
  );
  await expect(loadAgent(path)).rejects.toMatchObject({ code: 'OFFHOOK_OPTION_INVALID' });
});

test('a module that is not there is named', async () => {
  await expect(loadAgent('nowhere.ts')).rejects.toMatchObject({
    code: 'OFFHOOK_MODULE_INVALID',
    message: 'There is no module nowhere.ts.',
  });
});
