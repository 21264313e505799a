/**
 * The example on Twilio is what people copy: it has to load, say what it misses, and use nothing they cannot import.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const VARIABLES = ['PORT', 'MEDIA_PATH', 'PUBLIC_URL', 'TWILIO_AUTH_TOKEN', 'OFFHOOK_SKIP_SIGNATURE'];
const load = () => import('../../examples/twilio-openai.ts');

beforeEach(() => {
  vi.resetModules();
  for (const name of VARIABLES) vi.stubEnv(name, '');
});
afterEach(() => vi.unstubAllEnvs());

test('exports its agent and does not start it', async () => {
  vi.stubEnv('PUBLIC_URL', 'https://voice.example.com');
  vi.stubEnv('TWILIO_AUTH_TOKEN', 'secret');
  const { default: agent } = await load();
  const { isAgent } = await import('../../src/agent.ts');
  expect(isAgent(agent)).toBe(true);
  expect(agent.calls).toEqual([]);
});

test('needs no secrets of Twilio on this machine alone', async () => {
  vi.stubEnv('OFFHOOK_SKIP_SIGNATURE', '1');
  expect((await load()).default.calls).toEqual([]);
});

test.each([
  ['the token', { PUBLIC_URL: 'https://voice.example.com' }, 'TWILIO_AUTH_TOKEN'],
  ['the public address', { TWILIO_AUTH_TOKEN: 'secret' }, 'publicUrl'],
  ['a port that is one', { OFFHOOK_SKIP_SIGNATURE: '1', PORT: 'http' }, 'port'],
  ['a media path that is one', { OFFHOOK_SKIP_SIGNATURE: '1', MEDIA_PATH: 'media' }, 'mediaPath'],
])('says that it misses %s', async (_name, variables, message) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  await expect(load()).rejects.toMatchObject({ message: expect.stringContaining(message) as string });
});

test('imports public names only', () => {
  const source = readFileSync(new URL('../../examples/twilio-openai.ts', import.meta.url), 'utf8');
  const specifiers = [...source.matchAll(/ from '([^']+)'/g)].map(([, specifier]) => specifier);
  expect(specifiers).toEqual(['offhook', 'offhook/openai', 'offhook/twilio']);
});
