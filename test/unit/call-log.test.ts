/**
 * @module What the event log of a call writes and when: one write a stimulus, events in the order they were handled
 * with their own orders under them, hashes of what changed only, and nothing lost when the process is killed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type AnyMachineSnapshot, createActor, createMachine } from 'xstate';
import {
  type CallLog,
  createCallLog,
  createFileSink,
  fileNameOf,
  LOG_FORMAT,
  type LogHeader,
} from '../../src/runtime/call-log.ts';
import { createLogWatcher } from '../../src/runtime/log-watcher.ts';
import { createSnapshotHasher, hashSnapshot } from '../../src/runtime/snapshot-hash.ts';

const header: LogHeader = {
  format: LOG_FORMAT,
  runtime: '0.0.0',
  call: 'c1',
  epoch: 0,
  charts: { call: 'aa', session: 'bb' },
  input: {},
};
const head = JSON.stringify(header);

function openLog(): { log: CallLog; writes: string[]; lines: () => string[]; closed: () => number } {
  const writes: string[] = [];
  let closed = 0;
  const log = createCallLog(header, {
    write: (text) => void writes.push(text),
    close: () => void (closed += 1),
  });
  return {
    log,
    writes,
    lines: () => writes.join('').trimEnd().split('\n').slice(1),
    closed: () => closed,
  };
}

const machine = createMachine({ initial: 'a', context: { n: 0 }, states: { a: { on: { go: 'b' } }, b: {} } });
const snapshotAt = (...events: string[]): AnyMachineSnapshot => {
  const actor = createActor(machine).start();
  for (const type of events) actor.send({ type });
  return actor.getSnapshot() as AnyMachineSnapshot;
};

const folder = mkdtempSync(join(tmpdir(), 'offhook-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('one write a stimulus', () => {
  test('begins with the header, and writes nothing when nothing happened', () => {
    const { log, writes } = openLog();
    expect(writes).toEqual([]);
    log.flush();
    log.flush();
    expect(writes).toEqual([`${head}\n`]);
    log.event(1, 'call', 'leg', { type: 'x' });
    log.order(1, 'call', 'leg', { type: 'y' });
    expect(writes).toHaveLength(1);
    log.flush();
    expect(writes.slice(1)).toEqual([
      '[1,"call","leg",{"type":"x"}]\n[1,"call","order","leg",{"type":"y"}]\n',
    ]);
  });

  test('closing writes what is left and takes nothing more', () => {
    const { log, writes, closed } = openLog();
    log.event(1, 'call', 'leg', { type: 'x' });
    log.close();
    log.close();
    log.event(2, 'call', 'leg', { type: 'late' });
    log.flush();
    expect(writes).toHaveLength(1);
    expect(closed()).toBe(1);
    expect(writes[0]).not.toContain('late');
  });

  test('times are kept to the microsecond', () => {
    const { log, lines } = openLog();
    log.event(12.345_678_9, 'call', 'leg', { type: 'x' });
    log.order(0.1 + 0.2, 'call', 'leg', { type: 'y' });
    log.flush();
    expect(lines().map((line) => (JSON.parse(line) as number[])[0])).toEqual([12.346, 0.3]);
  });
});

describe('the order of lines', () => {
  test('is that of the events; each order stands under the event of its own chart', () => {
    const { log, lines } = openLog();
    // The call hears `answered`, tells the session, which orders at once and is answered; then the call goes on.
    log.event(5, 'call', 'leg', { type: 'answered' });
    log.event(5, 'session', 'call', { type: 'open' });
    log.order(5, 'session', 'connection', { type: 'greet' });
    log.event(5, 'session', 'connection', { type: 'ready' });
    log.order(5, 'call', 'leg', { type: 'accept' });
    log.flush();
    expect(lines().map((line) => /"type":"(\w+)"/.exec(line)?.[1])).toEqual([
      'answered',
      'accept',
      'open',
      'greet',
      'ready',
    ]);
  });

  test('has the orders of a first state before every event', () => {
    const { log, lines } = openLog();
    log.event(0, 'session', 'call', { type: 'open' });
    log.order(0, 'call', 'leg', { type: 'accept' });
    log.flush();
    expect(lines()[0]).toBe('[0,"call","order","leg",{"type":"accept"}]');
  });

  test('keeps an order whose event was written before', () => {
    const { log, lines } = openLog();
    log.event(0, 'call', 'app', { type: 'x' });
    log.flush();
    log.order(1, 'call', 'leg', { type: 'late' });
    log.flush();
    expect(lines()[1]).toBe('[1,"call","order","leg",{"type":"late"}]');
  });
});

describe('hashes', () => {
  test('stand under their event, only where the snapshot has changed, each chart for itself', () => {
    const { log, lines } = openLog();
    const [a, b] = [snapshotAt(), snapshotAt('go')];
    for (const [chart, snapshot] of [
      ['call', a],
      ['call', a],
      ['session', a],
      ['call', b],
      ['session', a],
    ] as const) {
      log.event(1, chart, 'app', { type: 'x' });
      log.snapshot(1, chart, snapshot);
      log.order(1, chart, 'leg', { type: 'y' });
    }
    log.flush();
    expect(lines().map((line) => (JSON.parse(line) as string[])[2])).toEqual([
      'app',
      '#',
      'order',
      'app',
      'order',
      'app',
      '#',
      'order',
      'app',
      '#',
      'order',
      'app',
      'order',
    ]);
    expect(lines()[1]).toBe(`[1,"call","#","${hashSnapshot(a)}"]`);
  });

  test('cover where a chart stands, what it remembers and whether it is done', () => {
    const snapshot = snapshotAt();
    const hash = hashSnapshot(snapshot);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(hashSnapshot(snapshotAt())).toBe(hash);
    expect(hashSnapshot(snapshotAt('go'))).not.toBe(hash);
    expect(hashSnapshot({ ...snapshot, context: { n: 1 } } as AnyMachineSnapshot)).not.toBe(hash);
    expect(hashSnapshot({ ...snapshot, status: 'done' } as AnyMachineSnapshot)).not.toBe(hash);
  });

  test('are the same whatever was hashed before: only the parts that changed are read again', () => {
    const snapshot = snapshotAt();
    const of = (context: object): AnyMachineSnapshot => ({ ...snapshot, context }) as AnyMachineSnapshot;
    const story = [
      { n: 0, list: [1] },
      { n: 1, list: [1] },
      { n: 1, list: [1, 2] },
      { n: 1, list: [2, 1] },
      { n: '1', list: [2, 1] },
      { list: [2, 1], n: 0 },
      { n: 0, list: [1] },
    ].map(of);
    const hasher = createSnapshotHasher();
    const hashes = story.map((entry) => hasher.hash(entry));
    expect(hashes).toEqual(story.map((entry) => hashSnapshot(entry)));
    expect(new Set(hashes.slice(0, 6)).size).toBe(6);
    expect(hashes[6]).toBe(hashes[0]);
  });
});

describe('the watcher', () => {
  const step = {
    at: 1,
    chart: 'call',
    source: 'leg',
    before: snapshotAt(),
    after: snapshotAt('go'),
  } as const;

  test('logs stale events as they came, and no hash for what was never looked at', () => {
    const { log, lines } = openLog();
    createLogWatcher(log).event?.({ ...step, event: { type: 'x' }, stale: 'generation' });
    log.flush();
    expect(lines()).toEqual(['[1,"call","leg",{"type":"x"}]']);
  });

  test("leaves out XState's own starting and stopping", () => {
    const { log, writes } = openLog();
    const watcher = createLogWatcher(log);
    watcher.event?.({ ...step, event: { type: 'xstate.init' }, stale: undefined });
    watcher.event?.({ ...step, event: { type: 'xstate.stop' }, stale: undefined });
    log.flush();
    expect(writes).toEqual([`${head}\n`]);
    watcher.event?.({ ...step, event: { type: 'xstate.after.filler.call' }, stale: undefined });
    log.flush();
    expect(writes[1]).toContain('xstate.after.filler.call');
  });
});

describe('the file', () => {
  test('is readable by its owner only, in a folder made for it', () => {
    const path = join(folder, 'deep', 'er', 'a.call.log');
    const sink = createFileSink(path);
    sink.write('one\n');
    expect(readFileSync(path, 'utf8')).toBe('one\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    sink.close();
  });

  test('holds every stimulus that was over when the process was killed', () => {
    const path = join(folder, 'killed.call.log');
    const module = new URL('../../src/runtime/call-log.ts', import.meta.url).href;
    const program = `
      const { createCallLog, createFileSink } = await import(${JSON.stringify(module)});
      const log = createCallLog(${head}, createFileSink(${JSON.stringify(path)}));
      for (let at = 0; at < 100; at += 1) {
        log.event(at, 'call', 'leg', { type: 'x' });
        log.flush();
      }
      log.event(100, 'call', 'leg', { type: 'unfinished' });
      process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
    expect(signal).toBe('SIGKILL');
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines).toHaveLength(102);
    expect(lines[100]).toBe('[99,"call","leg",{"type":"x"}]');
    expect(lines[101]).toBe('');
  });

  test('has a name that stays in its folder', () => {
    expect(fileNameOf('CA12_ab-9')).toBe('CA12_ab-9');
    expect(fileNameOf('../../etc/passwd')).toBe('______etc_passwd');
    expect(fileNameOf('a\u0000b 한')).toBe('a_b__');
    expect(fileNameOf('')).toBe('_');
    expect(fileNameOf('x'.repeat(500))).toHaveLength(100);
  });
});
