/**
 * A command that was asked for in the wrong way says so with 2, one that failed with 1 and what to do about it; neither
 * ever ends in a stack trace of ours.
 */
import { expect, test } from 'vitest';
import { readTables } from '../../src/cli/exchange.ts';
import { main } from '../../src/cli/main.ts';
import { printError } from '../../src/cli/print-error.ts';
import { OffhookError } from '../../src/errors.ts';
import { createFakeIo } from './cli-io.ts';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = createFakeIo();
  const code = await main(args, io);
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n') };
}

test.each([
  ['an unknown option', ['demo', '--bogus'], '--bogus'],
  ['an unknown command', ['dance'], 'dance'],
  ['a seed that is no number', ['demo', '--seed', 'x'], 'whole number'],
  ['a provider that is not there', ['demo', '--provider', 'nobody'], 'nobody'],
  ['a port beyond all ports', ['exchange', '--port', '70000'], '65535'],
  ['words and a recording at once', ['dial', '070', '--say', 'a', '--wav', 'b.wav'], '--wav'],
  ['a missing argument', ['replay'], 'call.log'],
])('%s is a mistake of usage: exit 2, named on the error output', async (_name, args, named) => {
  const { code, out, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toContain(named);
  expect(out).toBe('');
});

test('help and version are asked for, so they are no mistake', async () => {
  const help = await run('--help');
  expect(help.code).toBe(0);
  for (const command of ['demo', 'exchange', 'dial', 'run', 'replay']) expect(help.out).toContain(command);
  expect(await run('demo', '--help')).toMatchObject({ code: 0, err: '' });
  expect(await run('--version')).toMatchObject({ code: 0, out: '0.1.0' });
});

test('what Offhook refuses is printed as code, message, expected and hint, with exit 1', async () => {
  const { code, err } = await run('replay', '/nowhere/at-all.call.log');
  expect(code).toBe(1);
  expect(err).toMatch(/^OFFHOOK_LOG_INVALID .*at-all/);
  expect(err).toMatch(/expected {2}.+\n.*hint {6}.+\n.*cause {5}ENOENT/);
  expect(err).not.toContain('    at ');
});

test.each([
  ['virtual time and a far server', ['demo', '--fast', '--provider', 'openai'], 'OFFHOOK_OPTION_INVALID'],
  ['a recording that is not there', ['demo', '--fast', '--caller', '/nowhere.wav'], 'OFFHOOK_AUDIO_INVALID'],
  ['a directory that cannot be', ['demo', '--fast', '--directory', '/dev/null/x'], 'OFFHOOK_OPTION_INVALID'],
  ['a caller with nothing to say', ['dial', '07012341234'], 'OFFHOOK_OPTION_MISSING'],
  ['keys without accounts', ['exchange', '--key', 'a', '--key', 'b'], 'OFFHOOK_OPTION_INVALID'],
])('%s: exit 1 with its code', async (_name, args, wanted) => {
  const { code, err } = await run(...args);
  expect(code).toBe(1);
  expect(err.split(' ', 1)[0]).toBe(wanted);
});

test('an error that is not ours keeps its stack: it is a defect to report', () => {
  const io = createFakeIo();
  printError(io, new TypeError('odd'));
  expect(io.errLines.join('\n')).toMatch(/^error TypeError: odd\n\s+at /);
  const own = createFakeIo();
  printError(own, new OffhookError('OFFHOOK_CALL_ENDED', undefined, { call: 'CA1' }), true);
  expect(own.errLines.join('\n')).toMatch(/call {6}CA1\n.*\n\s+at /s);
});

test('accounts, keys and numbers pair up in the order they are given', () => {
  expect(readTables({ key: [], account: [], number: [] })).toEqual({
    accounts: [{ id: 'AC_local', key: 'sk_test_local' }],
    numbers: [{ number: '07012341234' }],
  });
  const number = ['070-1111-1111', '07022222222@B'];
  expect(readTables({ key: ['k1', 'k2'], account: ['A', 'B'], number })).toEqual({
    accounts: [
      { id: 'A', key: 'k1' },
      { id: 'B', key: 'k2' },
    ],
    numbers: [{ number: '070-1111-1111' }, { number: '07022222222', account: 'B' }],
  });
  expect(() => readTables({ key: [], account: [], number: ['07022222222@B'] })).toThrow('account B');
  expect(() => readTables({ key: [], account: [], number: ['hello'] })).toThrow('telephone number');
});
