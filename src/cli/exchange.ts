/**
 * @module `offhook exchange`: the local telephone network by itself, for this agent or any other client of ClawOps.
 */
import { randomInt } from 'node:crypto';
import { OffhookError } from '../errors.ts';
import { type Account, createExchange, type Exchange, type OwnedNumber } from '../exchange/index.ts';
import { createSystemClock } from '../runtime/clock.ts';
import type { CommandIo } from './io.ts';
import { createLineView } from './line-view.ts';
import { createPaint, formatTimeOfDay } from './text.ts';

/** The command's options, as `--help` describes them. */
export interface ExchangeCommandOptions {
  readonly port: number;
  readonly key: readonly string[];
  readonly account: readonly string[];
  readonly number: readonly string[];
}

const DEFAULT_KEY = 'sk_test_local';
const DEFAULT_ACCOUNT = 'AC_local';
const DEFAULT_NUMBER = '07012341234';

export interface Tables {
  readonly accounts: readonly Account[];
  readonly numbers: readonly OwnedNumber[];
}

/**
 * Reads accounts, keys and numbers from the options.
 * @throws OffhookError OFFHOOK_OPTION_INVALID for keys and accounts that do not match up, or an unknown account
 */
export function readTables({ key, account, number }: Omit<ExchangeCommandOptions, 'port'>): Tables {
  const count = Math.max(key.length, account.length, 1);
  if (count > 1 && key.length !== account.length) {
    throw new OffhookError(
      'OFFHOOK_OPTION_INVALID',
      `There are ${key.length} of --key and ${account.length} of --account.`,
      { expected: 'One --key for each --account, in the same order.', hint: 'Add what is missing.' },
    );
  }
  const accounts = Array.from({ length: count }, (_, index) => ({
    id: account[index] ?? DEFAULT_ACCOUNT,
    key: key[index] ?? DEFAULT_KEY,
  }));
  const numbers = (number.length === 0 ? [DEFAULT_NUMBER] : number).map((text) => readNumber(text, accounts));
  return { accounts, numbers };
}

function readNumber(text: string, accounts: readonly Account[]): OwnedNumber {
  const [number = '', account] = text.split('@', 2);
  if (!/^\+?[\d-]{2,32}$/.test(number)) {
    throw new OffhookError('OFFHOOK_OPTION_INVALID', '--number is not a telephone number.', {
      expected: 'Digits, such as 07012341234, or NUMBER@ACCOUNT.',
    });
  }
  if (account === undefined) return { number };
  if (!accounts.some(({ id }) => id === account)) {
    throw new OffhookError(
      'OFFHOOK_OPTION_INVALID',
      `--number names the account ${account}, which is not there.`,
      {
        expected: 'An account given with --account.',
      },
    );
  }
  return { number, account };
}

/** Serves until stopped. */
export async function runExchange(options: ExchangeCommandOptions, io: CommandIo): Promise<number> {
  const tables = readTables(options);
  const clock = createSystemClock();
  const exchange = createExchange({
    clock,
    random: () => randomInt(2 ** 32) / 2 ** 32,
    port: options.port,
    ...tables,
    localDialling: true,
    // A network that runs for days must not keep every call's audio; `dial --out` has its own copy.
    keepAudio: false,
  });
  const { url } = await exchange.listen();
  for (const line of renderWelcome(url, tables, io.color)) io.out(line);
  showCalls(exchange, (at) => formatTimeOfDay(clock.epoch + at), io);
  await io.untilStopped();
  io.out('Closing.');
  await exchange.close();
  return 0;
}

/** What is printed at the start: where the exchange is, who may connect, and the lines to paste. */
export function renderWelcome(url: string, { accounts, numbers }: Tables, color: boolean): string[] {
  const paint = createPaint(color);
  const [first] = accounts;
  const rows = accounts.flatMap(({ id, key }) => {
    const own = numbers.filter(({ account }) => (account ?? first?.id) === id).map(({ number }) => number);
    return [`  account  ${id}`, `  key      ${key}`, `  numbers  ${own.join(', ') || 'none'}`];
  });
  return [
    `${paint('bold', 'The local exchange is up:')} ${url}`,
    ...rows,
    '',
    'An agent connects with',
    `  export CLAWOPS_BASE_URL=${url}`,
    `  export CLAWOPS_ACCOUNT_ID=${first?.id ?? ''}`,
    `  export CLAWOPS_API_KEY=${first?.key ?? ''}`,
    '',
    'and a caller rings with',
    `  npx offhook dial ${numbers[0]?.number ?? ''} --url ${url} --say "Hello?"`,
    '',
    paint('dim', 'Ctrl-C ends it.'),
  ];
}

function showCalls(exchange: Exchange, time: (at: number) => string, io: CommandIo): void {
  const view = createLineView({ write: (line) => io.out(line), color: io.color, time, calls: true });
  exchange.on('agent', ({ number, state, code }) =>
    io.out(`${number} ${state === 'connected' ? 'is served' : `is no longer served (${code ?? 'gone'})`}`),
  );
  exchange.on('call', ({ id, direction, from, to }) =>
    io.out(`${id.slice(0, 8)}  ${direction}  ${from} → ${to}`),
  );
  exchange.on('event', ({ id }, event) => view.show(id, event));
}
