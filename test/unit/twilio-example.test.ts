/**
 * The example on Twilio is what people copy: it has to load, say what it misses, and use nothing they cannot import.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const VARIABLES = [
  'PORT',
  'MEDIA_PATH',
  'PUBLIC_URL',
  'TWILIO_AUTH_TOKEN',
  'OFFHOOK_SKIP_SIGNATURE',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
];
const load = () => import('../../examples/twilio-openai.ts');

beforeEach(() => {
  vi.resetModules();
  for (const name of VARIABLES) vi.stubEnv(name, '');
  vi.stubEnv('OPENAI_API_KEY', 'sk-x');
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

const local = { OFFHOOK_SKIP_SIGNATURE: '1' };
test.each<[string, Record<string, string>, string, string]>([
  ['the token', { PUBLIC_URL: 'https://voice.example.com' }, 'OFFHOOK_OPTION_MISSING', 'TWILIO_AUTH_TOKEN'],
  ['the public address', { TWILIO_AUTH_TOKEN: 'secret' }, 'OFFHOOK_OPTION_MISSING', 'publicUrl'],
  ['a port that is one', { ...local, PORT: 'http' }, 'OFFHOOK_OPTION_INVALID', 'port'],
  ['a media path that is one', { ...local, MEDIA_PATH: 'media' }, 'OFFHOOK_OPTION_INVALID', 'mediaPath'],
  ["the model's key", { ...local, OPENAI_API_KEY: '' }, 'OFFHOOK_OPTION_MISSING', 'OPENAI_API_KEY'],
  [
    "TLS on the model's address",
    { ...local, OPENAI_BASE_URL: 'http://model.example.com' },
    'OFFHOOK_URL_INSECURE',
    'model.example.com',
  ],
  [
    'signatures on a public address',
    { ...local, PUBLIC_URL: 'https://voice.example.com' },
    'OFFHOOK_OPTION_INVALID',
    'skipSignature',
  ],
])('says at its start, not when the phone rings, that it misses %s', async (_name, variables, code, word) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  await expect(load()).rejects.toMatchObject({ code, message: expect.stringContaining(word) as string });
});

test('imports public names only', () => {
  const source = readFileSync(new URL('../../examples/twilio-openai.ts', import.meta.url), 'utf8');
  const specifiers = [...source.matchAll(/ from '([^']+)'/g)].map(([, specifier]) => specifier);
  expect(specifiers).toEqual(['offhook', 'offhook/openai', 'offhook/twilio']);
});
