/**
 * The platform's playback queue takes chunks of any size and plays whole frames; what a mark and a short tail mean
 * depends on the exact moment a frame has been heard, so every case here is about one tick more or less.
 */
import { expect, test } from 'vitest';
import { createPlayoutQueue } from '../../src/exchange/playout-queue.ts';

const bytes = (count: number, value = 1): Uint8Array => new Uint8Array(count).fill(value);
const frame = new Uint8Array(160);

test('joins tails across chunks without a hole', () => {
  const queue = createPlayoutQueue();
  queue.push(bytes(100, 1), 0);
  queue.push(bytes(100, 2), 0);
  queue.push(bytes(120, 3), 0);
  expect(queue.take(frame, 20)).toBe(true);
  expect([frame[99], frame[100], frame[159]]).toEqual([1, 2, 2]);
  expect(queue.take(frame, 40)).toBe(true);
  expect([frame[0], frame[39], frame[40], frame[159]]).toEqual([2, 2, 3, 3]);
  expect(queue.padded).toBe(0);
});

test('a mark closes the short tail before it with silence, and later audio starts a new frame', () => {
  const queue = createPlayoutQueue();
  queue.push(bytes(100, 1), 0);
  queue.mark('end');
  queue.push(bytes(160, 2), 0);
  expect(queue.take(frame, 20)).toBe(true);
  expect([frame[99], frame[100], frame[159]]).toEqual([1, 0xff, 0xff]);
  expect(queue.take(frame, 40)).toBe(true);
  expect(frame[0]).toBe(2);
  expect(queue.padded).toBe(60);
});

test('without a mark a short tail waits exactly 40 ms for more audio', () => {
  const queue = createPlayoutQueue();
  queue.push(bytes(50), 1);
  expect(queue.take(frame, 20)).toBe(false);
  expect(queue.take(frame, 40)).toBe(false);
  expect(queue.take(frame, 41)).toBe(true);
  expect(queue.padded).toBe(110);
});

test('a mark is echoed when the last frame before it has been heard to its end, not when it is taken', () => {
  const queue = createPlayoutQueue();
  queue.push(bytes(320), 0);
  queue.mark('a');
  queue.push(bytes(160), 0);
  queue.mark('b');
  queue.take(frame, 20);
  expect(queue.takeMark(40)).toBeUndefined();
  queue.take(frame, 40);
  expect(queue.takeMark(59)).toBeUndefined();
  expect(queue.takeMark(60)).toBe('a');
  expect(queue.takeMark(60)).toBeUndefined();
  queue.take(frame, 60);
  expect(queue.takeMark(80)).toBe('b');
});

test('a mark with nothing before it is due at once', () => {
  const queue = createPlayoutQueue();
  queue.mark('now');
  expect(queue.takeMark(0)).toBe('now');
});

test('clear gives back the pending marks in order and the queue plays silence', () => {
  const queue = createPlayoutQueue();
  queue.push(bytes(480), 0);
  queue.mark('a');
  queue.push(bytes(10), 0);
  queue.mark('b');
  queue.take(frame, 20);
  expect(queue.clear()).toEqual(['a', 'b']);
  expect(queue.length).toBe(0);
  expect(queue.take(frame, 40)).toBe(false);
  expect(new Set(frame)).toEqual(new Set([0xff]));
  queue.push(bytes(160, 7), 50);
  queue.mark('c');
  expect(queue.take(frame, 60)).toBe(true);
  expect(frame[0]).toBe(7);
  expect(queue.takeMark(80)).toBe('c');
});

test('a minute in one chunk and a thousand tiny chunks come out as the same bytes', () => {
  const queue = createPlayoutQueue();
  const long = Uint8Array.from({ length: 480_000 }, (_, index) => index % 251);
  queue.push(long, 0);
  for (let index = 0; index < 3200; index += 1) queue.push(Uint8Array.of(index % 13), 0);
  const out: number[] = [];
  for (let at = 20; queue.take(frame, at); at += 20) out.push(...frame);
  expect(out.length).toBe(483_200);
  expect(out.slice(0, 480_000)).toEqual([...long]);
  expect(out[480_001]).toBe(1);
});
