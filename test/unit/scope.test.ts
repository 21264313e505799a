/**
 * @module A call's scope: whatever happens to its charts, everything it opened is released, once, last first.
 */
import { describe, expect, test } from 'vitest';
import { OffhookError } from '../../src/errors.ts';
import type { Logger } from '../../src/runtime/logger.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { createScope, nameOf } from '../../src/runtime/scope.ts';

function recordingLogger(): { logger: Logger; errors: object[] } {
  const errors: object[] = [];
  return { logger: { ...silentLogger, error: (fields) => void errors.push(fields) }, errors };
}

describe('a scope', () => {
  test('releases everything, last registered first, and only once', () => {
    const scope = createScope(silentLogger, 'c1');
    const seen: string[] = [];
    for (const name of ['socket', 'timer', 'file']) scope.own(name, () => seen.push(name));
    expect(scope.open).toBe(3);
    scope.close();
    scope.close();
    expect(seen).toEqual(['file', 'timer', 'socket']);
    expect(scope.open).toBe(0);
    expect(scope.closed).toBe(true);
  });

  test('releases early, once, what is handed back', () => {
    const scope = createScope(silentLogger, 'c1');
    let released = 0;
    const release = scope.own('socket', () => (released += 1));
    release();
    release();
    scope.close();
    release();
    expect(released).toBe(1);
  });

  test('closed, it releases at once whatever still comes: a socket that opened too late', () => {
    const scope = createScope(silentLogger, 'c1');
    scope.close();
    let released = 0;
    const release = scope.own('late socket', () => (released += 1));
    expect(released).toBe(1);
    release();
    expect(released).toBe(1);
    expect(scope.open).toBe(0);
  });

  test('is closed before it releases, so that what is released sees the end', () => {
    const scope = createScope(silentLogger, 'c1');
    const seen: boolean[] = [];
    scope.own('socket', () => seen.push(scope.closed));
    expect(scope.closed).toBe(false);
    scope.close();
    expect(seen).toEqual([true]);
  });

  test('one that cannot be released does not keep the others, and is logged without its message', () => {
    const { logger, errors } = recordingLogger();
    const scope = createScope(logger, 'c1');
    const seen: string[] = [];
    scope.own('first', () => seen.push('first'));
    scope.own('broken', () => {
      throw new TypeError('call from 07012341234');
    });
    scope.own('last', () => seen.push('last'));
    scope.close();
    expect(seen).toEqual(['last', 'first']);
    expect(errors).toEqual([{ call: 'c1', what: 'broken', error: 'TypeError' }]);
  });

  test('what registers or releases during the closing is released too, once', () => {
    const scope = createScope(silentLogger, 'c1');
    const seen: string[] = [];
    const releaseFirst = scope.own('first', () => seen.push('first'));
    scope.own('last', () => {
      releaseFirst();
      scope.own('late', () => seen.push('late'));
      scope.close();
      seen.push('last');
    });
    scope.close();
    expect(seen).toEqual(['first', 'late', 'last']);
    expect(scope.open).toBe(0);
  });
});

describe('the name of an error', () => {
  test('is its code, else its class, else its type; never its message', () => {
    expect(nameOf(new OffhookError('OFFHOOK_CALL_ENDED'))).toBe('OFFHOOK_CALL_ENDED');
    expect(nameOf(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBe('ECONNRESET');
    expect(nameOf(Object.assign(new Error('x'), { code: 1006 }))).toBe('1006');
    expect(nameOf(new RangeError('07012341234'))).toBe('RangeError');
    expect(nameOf('07012341234')).toBe('string');
    expect(nameOf(undefined)).toBe('undefined');
  });
});
