/** Options of the ClawOps transport: wrong ones are refused when the agent is written, not when a call comes. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OffhookError } from '../../src/errors.ts';
import { clawops } from '../../src/transport/clawops/index.ts';
import { type ClawopsOptions, resolveSettings, SDK_VERSION } from '../../src/transport/clawops/settings.ts';

const good: ClawopsOptions = { number: '07012341234', apiKey: 'sk_secret', accountId: 'AC1' };

function codeOf(options: object): string | undefined {
  try {
    clawops({ ...good, ...options });
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(OffhookError);
    const { code, message } = error as OffhookError;
    expect(message).not.toContain('sk_secret');
    return code;
  }
}

beforeEach(() => {
  for (const name of ['CLAWOPS_API_KEY', 'CLAWOPS_ACCOUNT_ID', 'CLAWOPS_BASE_URL']) vi.stubEnv(name, '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('clawops options', () => {
  it('fall back to the environment, and beat it', () => {
    vi.stubEnv('CLAWOPS_API_KEY', ' sk_env ');
    vi.stubEnv('CLAWOPS_ACCOUNT_ID', 'AC_env');
    vi.stubEnv('CLAWOPS_BASE_URL', 'http://127.0.0.1:7070/');
    expect(resolveSettings({ number: '070-1234' })).toMatchObject({
      apiKey: 'sk_env',
      accountUrl: 'http://127.0.0.1:7070/v1/accounts/AC_env',
    });
    expect(resolveSettings(good).apiKey).toBe('sk_secret');
  });

  it('make the addresses of the wire: prefix kept, number encoded', () => {
    expect(resolveSettings(good).controlUrl).toBe(
      'wss://api.claw-ops.com/v1/accounts/AC1/agent/listen?number=07012341234',
    );
    const { controlUrl } = resolveSettings({ ...good, number: '+8270', baseUrl: 'https://h:8443/pre/fix//' });
    expect(controlUrl).toBe('wss://h:8443/pre/fix/v1/accounts/AC1/agent/listen?number=%2B8270');
  });

  it.each([
    ['no number', { number: undefined }, 'OFFHOOK_OPTION_MISSING'],
    ['an empty number', { number: '' }, 'OFFHOOK_OPTION_MISSING'],
    ['no key', { apiKey: undefined }, 'OFFHOOK_OPTION_MISSING'],
    ['no account', { accountId: undefined }, 'OFFHOOK_OPTION_MISSING'],
    ['a number that is a name', { number: 'support' }, 'OFFHOOK_OPTION_INVALID'],
    ['a number that is a number', { number: 7012341234 }, 'OFFHOOK_OPTION_INVALID'],
    ['a key with a line break', { apiKey: 'sk_secret\r\nx' }, 'OFFHOOK_OPTION_INVALID'],
    ['a base URL that is none', { baseUrl: 'api.claw-ops.com' }, 'OFFHOOK_OPTION_INVALID'],
    ['a ws base URL', { baseUrl: 'wss://api.claw-ops.com' }, 'OFFHOOK_OPTION_INVALID'],
    ['a base URL with a password', { baseUrl: 'https://u:p@h' }, 'OFFHOOK_OPTION_INVALID'],
    ['a base URL with a query', { baseUrl: 'https://h?x=1' }, 'OFFHOOK_OPTION_INVALID'],
    ['plain http elsewhere', { baseUrl: 'http://example.com' }, 'OFFHOOK_URL_INSECURE'],
    ['a host that only looks local', { baseUrl: 'http://127.0.0.1.example.com' }, 'OFFHOOK_URL_INSECURE'],
    ['plain http elsewhere, allowed', { baseUrl: 'http://example.com', insecure: true }, undefined],
    ['plain http on this machine', { baseUrl: 'http://localhost:1' }, undefined],
    ['plain http on this machine, IPv6', { baseUrl: 'http://[::1]:1' }, undefined],
  ])('%s', (_name, options, code) => {
    expect(codeOf(options)).toBe(code);
  });

  it('announce the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(SDK_VERSION).toBe(version);
  });
});
