/** Which addresses may be spoken to in clear: those that stay on this machine, and none that only looks like it. */
import { expect, it } from 'vitest';
import { isLoopback } from '../../src/runtime/address.ts';

it.each(['localhost', 'LocalHost', '127.0.0.1', '127.9.9.9', '[::1]', '::1'])('%s stays here', (host) => {
  expect(isLoopback(host)).toBe(true);
});

it.each([
  'localhost.example.com',
  'a.localhost',
  '127.0.0.1.example.com',
  '0.0.0.0',
  '::',
  '128.0.0.1',
  '10.0.0.1',
  '',
])('%j does not', (host) => {
  expect(isLoopback(host)).toBe(false);
});
