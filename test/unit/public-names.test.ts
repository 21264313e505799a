/**
 * What the package lets others import. A name that slips out is one we have to keep, and one that vanishes breaks
 * somebody: both change this file, on purpose, or nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { VERSION } from '../../src/runtime/version.ts';

interface Target {
  readonly source: string;
  readonly types: string;
  readonly default: string;
}

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, Target | string>>;
}

/** Every sub-path, and the values it exports. Types are frozen by the programs that use them. */
const PUBLIC: Readonly<Record<string, readonly string[]>> = {
  '.': ['OffhookError', 'createAgent', 'defineTool'],
  './openai': ['openaiRealtime'],
  './clawops': ['clawops'],
  './twilio': ['twilio'],
  './exchange': [
    'bargeIn',
    'bargeInsOf',
    'createExchange',
    'goSilent',
    'hangUp',
    'loseNetwork',
    'muteFrames',
    'press',
    'say',
    'silentUntil',
    'turnsOf',
    'wait',
    'waitForAgent',
  ],
  './testing': [
    'createOpenAIStandIn',
    'createRandom',
    'createVirtualClock',
    'openSockets',
    'replayCallLog',
    'scriptOf',
    'settle',
    'speak',
  ],
};

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8')) as Manifest;
const targetOf = (path: string): Target => manifest.exports[path] as Target;

it('the package has these sub-paths and no other', () => {
  expect(Object.keys(manifest.exports)).toEqual([...Object.keys(PUBLIC), './package.json']);
});

it.each(Object.keys(PUBLIC))('%s exports these names and no other', async (path) => {
  const module = (await import(at(targetOf(path).source).href)) as object;
  expect(Object.keys(module).sort()).toEqual(PUBLIC[path]);
});

it.each(Object.keys(PUBLIC))('%s leads to one file, as source and as what is built of it', (path) => {
  const { source, types, default: built } = targetOf(path);
  expect(existsSync(at(source))).toBe(true);
  const stem = source.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '');
  expect({ types, built }).toEqual({ types: `${stem}.d.ts`, built: `${stem}.js` });
});

it('nothing else can be imported', () => {
  const { resolve } = createRequire(import.meta.url);
  for (const inside of ['src/index.ts', 'dist/index.js', 'runtime/clock', 'src/errors.ts']) {
    expect(() => resolve(`offhook/${inside}`)).toThrow(
      expect.objectContaining({ code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }) as Error,
    );
  }
  expect(resolve('offhook/package.json')).toMatch(/package\.json$/);
});

it('the version that logs and spans name is the one of the package', () => {
  expect(VERSION).toBe(manifest.version);
});
