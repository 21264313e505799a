/**
 * `openAtEnd` is only worth its zero if it counts: a server, a connection and a file that are left open each show.
 */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { countLeftovers, takeBaseline } from '../../src/cli/leftovers.ts';
import { settle, watchSockets } from '../../src/testing/settle.ts';

const folder = mkdtempSync(join(tmpdir(), 'offhook-left-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a server and both ends of a connection are counted until they are closed', async () => {
  watchSockets();
  const baseline = takeBaseline();
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  expect(countLeftovers(baseline, 0, folder)).toBe(1);
  const address = server.address();
  const client = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  await settle();
  expect(countLeftovers(baseline, 0, folder)).toBe(3);
  client.destroy();
  for (const socket of accepted) socket.destroy();
  server.close();
  await settle();
  expect(countLeftovers(baseline, 0, folder)).toBe(0);
});

test('timers and calls that are handed in are counted as they are', () => {
  expect(countLeftovers(takeBaseline(), 3, folder)).toBe(3);
});

test.runIf(process.platform === 'linux')(
  'a file of the call that is still open is counted, another is not',
  () => {
    const own = openSync(join(folder, 'a.call.log'), 'w');
    const other = openSync(join(tmpdir(), `offhook-other-${process.pid}`), 'w');
    expect(countLeftovers(takeBaseline(), 0, folder)).toBe(1);
    closeSync(own);
    expect(countLeftovers(takeBaseline(), 0, folder)).toBe(0);
    closeSync(other);
    rmSync(join(tmpdir(), `offhook-other-${process.pid}`));
  },
);
