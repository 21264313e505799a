/**
 * @module Options of the Twilio transport, checked at the door: what is missing or cannot work is said when the agent
 * is written, not when the first call comes.
 */
import { readEnv } from '../../env.ts';
import { OffhookError } from '../../errors.ts';
import { isLoopback } from '../../runtime/address.ts';
import type { LegCapabilities } from '../contract.ts';

export interface TwilioOptions {
  /** Checks that requests come from Twilio; several while one is being replaced. Default: `TWILIO_AUTH_TOKEN`. */
  readonly authToken?: string | readonly string[];
  /**
   * The https:// address under which Twilio reaches this server, with an optional path prefix that a proxy takes
   * off. Signatures are checked against it, and it becomes the media stream's wss:// address. Required unless
   * `skipSignature` is set.
   */
  readonly publicUrl?: string;
  /** Port to listen on, 0 for a free one; `false` where `fetch` and `upgrade` are mounted elsewhere. Default 8080. */
  readonly port?: number | false;
  /** Address to listen on. Default `127.0.0.1`: a proxy or tunnel on this machine stands in front. */
  readonly host?: string;
  /** Where Twilio asks what to do with a call. Default `/voice/incoming`. */
  readonly webhookPath?: string;
  /** Where media streams connect. Default `/media-stream`. */
  readonly mediaPath?: string;
  /** Numbers served, as Twilio writes them (`+82…`); calls to others are turned away. Default: all. */
  readonly numbers?: readonly string[];
  /**
   * Takes media streams that this webhook did not announce, such as those of a TwiML Bin or another server's answer.
   * Their signature is checked all the same. Default: as `skipSignature`.
   */
  readonly anyStream?: boolean;
  /**
   * Believes whoever is on this machine: for a server that listens here alone, and for requests sent to it under a name
   * of this machine, which what a tunnel brings is not. Default: false.
   */
  readonly skipSignature?: boolean;
}

/** The options with every default filled in. */
export interface TwilioSettings {
  readonly authTokens: readonly string[];
  /** Without a slash at its end; undefined: the address that is listened on. */
  readonly publicUrl: string | undefined;
  readonly port: number | false;
  readonly host: string;
  readonly webhookPath: string;
  readonly mediaPath: string;
  readonly numbers: ReadonlySet<string> | undefined;
  readonly anyStream: boolean;
  readonly skipSignature: boolean;
}

/** Largest message accepted on a media stream, in bytes: a thousand times what Twilio sends. */
export const MAX_PAYLOAD = 256 * 1024;

/** Largest webhook body accepted, in bytes: Twilio's own limit for the answer (carriers.md §3.1). */
export const MAX_BODY = 64 * 1024;

/** What a leg can do without Twilio's REST interface (carriers.md §3.5). */
export const TWILIO_CAPABILITIES: LegCapabilities = {
  codec: 'ulaw',
  pacing: 'carrier',
  marks: 'echo-on-clear',
  clear: true,
  digitsIn: true,
  digitsOut: false,
  transfer: undefined,
  amd: false,
  notices: false,
};

/**
 * Resolves and checks the options.
 * @throws OffhookError OFFHOOK_OPTION_MISSING, OFFHOOK_OPTION_INVALID or OFFHOOK_URL_INSECURE.
 */
export function resolveSettings(options: TwilioOptions): TwilioSettings {
  const skipSignature = options.skipSignature ?? false;
  const host = options.host ?? '127.0.0.1';
  const port = requirePort(options.port);
  if (skipSignature && (port === false || !isLoopback(host))) {
    throw invalid('`skipSignature` is for a server that listens on this machine alone', {
      expected: "`host: '127.0.0.1'` and a port, or signatures that are checked.",
    });
  }
  const publicUrl = requirePublicUrl(options.publicUrl, skipSignature);
  if (skipSignature && publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname)) {
    throw invalid('with `skipSignature`, a `publicUrl` off this machine would let anybody in', {
      expected: 'No `publicUrl`, or signatures that are checked.',
    });
  }
  const webhookPath = requirePath('webhookPath', options.webhookPath ?? '/voice/incoming');
  const mediaPath = requirePath('mediaPath', options.mediaPath ?? '/media-stream');
  if (webhookPath === mediaPath) throw invalid('`webhookPath` and `mediaPath` must differ');
  return {
    authTokens: skipSignature ? [] : requireTokens(options.authToken),
    publicUrl,
    port,
    host,
    webhookPath,
    mediaPath,
    numbers: options.numbers && new Set(options.numbers),
    anyStream: options.anyStream ?? skipSignature,
    skipSignature,
  };
}

function invalid(message: string, details: { expected?: string } = {}): OffhookError {
  return new OffhookError('OFFHOOK_OPTION_INVALID', `twilio: ${message}.`, details);
}

function requirePort(port: number | false | undefined): number | false {
  const value = port ?? 8080;
  if (value !== false && !(Number.isInteger(value) && value >= 0 && value <= 65_535)) {
    throw invalid(`\`port\` must be 0 to 65535, or false; received ${value}`);
  }
  return value;
}

function requirePath(name: string, path: string): string {
  if (!/^\/[\w.~/-]*$/.test(path)) {
    throw invalid(`\`${name}\` must be a path of letters, digits and . _ ~ - /; received "${path}"`);
  }
  return path;
}

function requireTokens(option: string | readonly string[] | undefined): readonly string[] {
  const value = option ?? readEnv('TWILIO_AUTH_TOKEN');
  const tokens = typeof value === 'string' ? [value] : (value ?? []);
  if (tokens.length === 0) {
    throw new OffhookError(
      'OFFHOOK_OPTION_MISSING',
      'twilio: neither `authToken` nor TWILIO_AUTH_TOKEN is set.',
    );
  }
  // An empty key signs like any other, and everybody knows it.
  if (tokens.some((token) => typeof token !== 'string' || token === '')) {
    throw invalid('`authToken` is empty or not a string');
  }
  return tokens;
}

function requirePublicUrl(value: string | undefined, optional: boolean): string | undefined {
  if (value === undefined && optional) return undefined;
  if (value === undefined || value === '') {
    throw new OffhookError('OFFHOOK_OPTION_MISSING', 'twilio: `publicUrl` is not set.', {
      expected: 'The https:// address under which Twilio reaches this server.',
    });
  }
  const url = URL.parse(value);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw invalid('`publicUrl` is not an http(s) address');
  }
  if (url.username !== '' || url.password !== '' || /[?#]/.test(value)) {
    throw invalid('`publicUrl` may hold a host, a port and a path, and nothing else');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new OffhookError('OFFHOOK_URL_INSECURE', `twilio: \`publicUrl\` (${url.host}) is plain http.`, {
      hint: 'Put TLS in front: Twilio opens media streams over wss:// only.',
    });
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
