/** @module What is said in one go leaves in one write, in order, and what cannot wait takes it along at once. */
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createBurst } from '../../src/transport/burst.ts';

interface Wire {
  readonly stream: Writable;
  /** What each system call would have carried. */
  readonly calls: string[];
}

function openWire(): Wire {
  const calls: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      calls.push(String(chunk));
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  return { stream, calls };
}

const afterThis = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

test('what is said in one go leaves in one write once the code that says it is done', async () => {
  const { stream, calls } = openWire();
  const burst = createBurst(() => stream);
  burst.gather();
  stream.write('audio ');
  burst.gather();
  stream.write('mark');
  expect(calls).toEqual([]);
  await afterThis();
  expect(calls).toEqual(['audio mark']);
  burst.gather();
  stream.write('more');
  await afterThis();
  expect(calls).toEqual(['audio mark', 'more']);
  expect(stream.writableCorked).toBe(0);
});

test('what cannot wait leaves at once, behind what was gathered before it', async () => {
  const { stream, calls } = openWire();
  const burst = createBurst(() => stream);
  burst.gather();
  stream.write('audio ');
  stream.write('clear');
  burst.send();
  expect(calls).toEqual(['audio clear']);
  burst.gather();
  stream.write('next');
  await afterThis();
  expect(calls).toEqual(['audio clear', 'next']);
  expect(stream.writableCorked).toBe(0);
});

test('a flood is not held back until it is over', async () => {
  const { stream, calls } = openWire();
  const burst = createBurst(() => stream);
  for (let sent = 0; sent < 100; sent += 1) {
    burst.gather();
    stream.write('x'.repeat(1024));
  }
  expect(stream.writableLength).toBeLessThanOrEqual(17 * 1024);
  await afterThis();
  expect(calls.join('').length).toBe(100 * 1024);
  expect(calls.length).toBe(7);
  expect(stream.writableCorked).toBe(0);
});

test('without a connection there is nothing to gather, and a connection that is gone is no fault', async () => {
  let stream: Writable | undefined;
  const burst = createBurst(() => stream);
  burst.gather();
  burst.send();
  const wire = openWire();
  ({ stream } = wire);
  burst.gather();
  stream.destroy();
  await afterThis();
  burst.send();
  expect(wire.calls).toEqual([]);
});
