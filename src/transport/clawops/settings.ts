/**
 * @module Options of the ClawOps transport, checked at the door: what is missing or cannot work is said when
 * the agent is written, not when the first call comes.
 */
import { readEnv } from '../../env.ts';
import { OffhookError } from '../../errors.ts';
import { isLoopback } from '../../runtime/address.ts';
import type { LegCapabilities } from '../contract.ts';

export interface ClawopsOptions {
  /** The number served and called from, as the platform writes it. One transport per number. */
  readonly number: string;
  /** Default: `CLAWOPS_API_KEY`. */
  readonly apiKey?: string;
  /** Default: `CLAWOPS_ACCOUNT_ID`. */
  readonly accountId?: string;
  /** REST and control base, with an optional path prefix. Default: `CLAWOPS_BASE_URL`, then the product's own. */
  readonly baseUrl?: string;
  /** Allows plain `http://` and `ws://` to other machines. Default: false. */
  readonly insecure?: boolean;
  /**
   * Tells the platform that this process understands a hand-over (clawops.md §11.1): a successor gets the number
   * at once, and running calls keep their control connection here. Default: true.
   */
  readonly handover?: boolean;
}

/** The options with every default filled in, and the addresses made from them. */
export interface ClawopsSettings {
  readonly number: string;
  readonly apiKey: string;
  /** `{base}/v1/accounts/{account}` for REST. */
  readonly accountUrl: string;
  /** The control WebSocket's address. */
  readonly controlUrl: string;
  readonly insecure: boolean;
  readonly handover: boolean;
}

export const DEFAULT_BASE_URL = 'https://api.claw-ops.com';

/** Sent in `agent.hello` and as User-Agent. A test keeps it equal to the package's version. */
export const SDK_VERSION = '0.1.0';

/** Largest message accepted from the platform, in bytes (clawops.md §2.1). */
export const MAX_PAYLOAD = 4 * 1024 * 1024;

/** What a ClawOps leg can do (clawops.md §2.7, §3). */
export const CLAWOPS_CAPABILITIES: LegCapabilities = {
  codec: 'ulaw',
  pacing: 'carrier',
  marks: 'echo-on-clear',
  clear: true,
  digitsIn: true,
  digitsOut: true,
  transfer: {
    modes: ['blind', 'warm'],
    return: true,
    reports: ['bridged', 'ended'],
    // The only limit any client of the platform knows (clawops.md §2.7, rule 4).
    longestBridge: 7_200_000,
  },
  amd: true,
  notices: true,
};

/**
 * Resolves and checks the options.
 * @throws OffhookError OFFHOOK_OPTION_MISSING, OFFHOOK_OPTION_INVALID or OFFHOOK_URL_INSECURE.
 */
export function resolveSettings(options: ClawopsOptions): ClawopsSettings {
  const number = requireNumber(options.number);
  const apiKey = requireValue(options.apiKey, 'apiKey', 'CLAWOPS_API_KEY');
  if (!/^[!-~]+$/.test(apiKey)) {
    throw new OffhookError(
      'OFFHOOK_OPTION_INVALID',
      'clawops: `apiKey` holds characters that no header can carry.',
    );
  }
  const account = requireValue(options.accountId, 'accountId', 'CLAWOPS_ACCOUNT_ID');
  const insecure = options.insecure ?? false;
  const base = requireBaseUrl(options.baseUrl ?? readEnv('CLAWOPS_BASE_URL') ?? DEFAULT_BASE_URL, insecure);
  const accountUrl = `${base}/v1/accounts/${encodeURIComponent(account)}`;
  // A slash stays as it is, as the platform's own clients write it.
  const query = encodeURIComponent(number).replaceAll('%2F', '/');
  return {
    number,
    apiKey,
    accountUrl,
    controlUrl: `${accountUrl.replace(/^http/, 'ws')}/agent/listen?number=${query}`,
    insecure,
    handover: options.handover ?? true,
  };
}

function requireNumber(number: unknown): string {
  if (number === undefined || number === '') {
    throw new OffhookError('OFFHOOK_OPTION_MISSING', 'clawops: `number` is not set.');
  }
  if (typeof number !== 'string' || !/^\+?[\d-]{2,32}$/.test(number)) {
    throw new OffhookError('OFFHOOK_OPTION_INVALID', 'clawops: `number` is not a telephone number.', {
      expected: "A string of digits, such as '07012341234' or '+827012341234'.",
    });
  }
  return number;
}

function requireValue(option: string | undefined, name: string, variable: string): string {
  const value = option ?? readEnv(variable);
  if (value === undefined || value === '') {
    throw new OffhookError('OFFHOOK_OPTION_MISSING', `clawops: neither \`${name}\` nor ${variable} is set.`);
  }
  if (typeof value !== 'string') {
    throw new OffhookError('OFFHOOK_OPTION_INVALID', `clawops: \`${name}\` is not a string.`);
  }
  return value;
}

function requireBaseUrl(value: string, insecure: boolean): string {
  const url = URL.parse(value);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new OffhookError('OFFHOOK_OPTION_INVALID', 'clawops: `baseUrl` is not an http(s) address.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new OffhookError(
      'OFFHOOK_OPTION_INVALID',
      'clawops: `baseUrl` may hold a host, a port and a path, and nothing else.',
    );
  }
  if (url.protocol === 'http:' && !insecure && !isLoopback(url.hostname)) {
    throw new OffhookError('OFFHOOK_URL_INSECURE', `clawops: \`baseUrl\` (${url.host}) is plain http.`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
