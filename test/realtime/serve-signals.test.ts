/**
 * `serve()` and the signals of a deploy, in a process of its own: the first lets running calls finish and takes no
 * new ones, the second ends them; either way the process ends by itself with code 0.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

function startServer() {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-serve-'));
  const child = fork(fileURLToPath(new URL('./serve-process.ts', import.meta.url)), [directory], {
    execArgv: [],
  });
  const told: string[] = [];
  let look = (): void => {};
  child.on('message', (what) => {
    told.push(what as string);
    look();
  });
  const exited = once(child, 'exit').then(([code, signal]: unknown[]) => code ?? signal);
  return {
    child,
    told,
    exited,
    /** Resolves once `what` has been told `times` times. */
    hears: (what: string, times = 1) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (told.filter((entry) => entry === what).length >= times) resolve();
        };
        look();
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s without a call ends the process', async (signal) => {
  await using server = startServer();
  await server.hears('agent connected');
  server.child.kill(signal);
  expect(await server.exited).toBe(0);
  expect(server.told).toContain('served');
});

test('SIGTERM in a call: it goes on, new ones are turned away, and its end is the end of the process', async () => {
  await using server = startServer();
  await server.hears('agent connected');
  server.child.send('dial');
  await server.hears('conversing.listening');
  server.child.kill('SIGTERM');
  await server.hears('signal');
  server.child.send('dial again');
  await server.hears('second failed');
  expect(server.told).not.toContain('served');
  expect(server.told.some((what) => what.startsWith('ended'))).toBe(false);
  server.child.send('hang up');
  expect(await server.exited).toBe(0);
  expect(server.told).toContain('ended by caller');
});

test('a second SIGTERM ends the call that the first one waited for', async () => {
  await using server = startServer();
  await server.hears('agent connected');
  server.child.send('dial');
  await server.hears('conversing.listening');
  server.child.kill('SIGTERM');
  await server.hears('signal');
  expect(server.told).not.toContain('served');
  server.child.kill('SIGTERM');
  expect(await server.exited).toBe(0);
  expect(server.told).toContain('ended by agent');
});
