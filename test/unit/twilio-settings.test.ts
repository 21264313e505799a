/**
 * The options of the Twilio transport. What they refuse is refused when the agent is written: a server that believes
 * everybody on a public address would be found out by its bill.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { OffhookError } from '../../src/errors.ts';
import { resolveSettings, type TwilioOptions } from '../../src/transport/twilio/settings.ts';

const OPTIONS = { authToken: 'secret', publicUrl: 'https://voice.example.com' };
const saved = process.env.TWILIO_AUTH_TOKEN;

afterEach(() => {
  if (saved === undefined) delete process.env.TWILIO_AUTH_TOKEN;
  else process.env.TWILIO_AUTH_TOKEN = saved;
});

function refusal(options: TwilioOptions): OffhookError {
  try {
    resolveSettings(options);
  } catch (error) {
    if (error instanceof OffhookError) return error;
  }
  throw new Error('nothing was refused');
}

describe('the options', () => {
  it('have defaults that serve every number behind a proxy on this machine', () => {
    expect(resolveSettings(OPTIONS)).toEqual({
      authTokens: ['secret'],
      publicUrl: 'https://voice.example.com',
      port: 8080,
      host: '127.0.0.1',
      webhookPath: '/voice/incoming',
      mediaPath: '/media-stream',
      numbers: undefined,
      anyStream: false,
      skipSignature: false,
    });
  });

  it('take the token from the environment, and beat it', () => {
    process.env.TWILIO_AUTH_TOKEN = 'from the environment';
    expect(resolveSettings({ publicUrl: OPTIONS.publicUrl }).authTokens).toEqual(['from the environment']);
    expect(resolveSettings(OPTIONS).authTokens).toEqual(['secret']);
    expect(resolveSettings({ ...OPTIONS, authToken: ['a', 'b'] }).authTokens).toEqual(['a', 'b']);
  });

  it.each([
    ['https://voice.example.com/', 'https://voice.example.com'],
    ['https://voice.example.com:8443/phone/', 'https://voice.example.com:8443/phone'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ])('read the public address %s as %s', (publicUrl, expected) => {
    expect(resolveSettings({ ...OPTIONS, publicUrl }).publicUrl).toBe(expected);
  });

  it.each<[string, TwilioOptions, string]>([
    ['no token', { publicUrl: OPTIONS.publicUrl }, 'OFFHOOK_OPTION_MISSING'],
    ['an empty token', { ...OPTIONS, authToken: '' }, 'OFFHOOK_OPTION_INVALID'],
    ['no tokens', { ...OPTIONS, authToken: [] }, 'OFFHOOK_OPTION_MISSING'],
    ['an empty token among others', { ...OPTIONS, authToken: ['a', ''] }, 'OFFHOOK_OPTION_INVALID'],
    ['no public address', { authToken: 'secret' }, 'OFFHOOK_OPTION_MISSING'],
    ['an address that is none', { ...OPTIONS, publicUrl: 'voice' }, 'OFFHOOK_OPTION_INVALID'],
    ['another scheme', { ...OPTIONS, publicUrl: 'wss://voice.example.com' }, 'OFFHOOK_OPTION_INVALID'],
    ['a query', { ...OPTIONS, publicUrl: 'https://voice.example.com?' }, 'OFFHOOK_OPTION_INVALID'],
    ['a password', { ...OPTIONS, publicUrl: 'https://a:b@voice.example.com' }, 'OFFHOOK_OPTION_INVALID'],
    ['plain http', { ...OPTIONS, publicUrl: 'http://voice.example.com' }, 'OFFHOOK_URL_INSECURE'],
    ['a port out of range', { ...OPTIONS, port: 65_536 }, 'OFFHOOK_OPTION_INVALID'],
    ['half a port', { ...OPTIONS, port: 80.5 }, 'OFFHOOK_OPTION_INVALID'],
    ['a path that is a pattern', { ...OPTIONS, webhookPath: '/:any' }, 'OFFHOOK_OPTION_INVALID'],
    ['a path that is relative', { ...OPTIONS, mediaPath: 'media' }, 'OFFHOOK_OPTION_INVALID'],
    ['one path for both', { ...OPTIONS, mediaPath: '/voice/incoming' }, 'OFFHOOK_OPTION_INVALID'],
    ['trust on all addresses', { skipSignature: true, host: '0.0.0.0' }, 'OFFHOOK_OPTION_INVALID'],
    ['trust on another machine', { skipSignature: true, host: '10.0.0.1' }, 'OFFHOOK_OPTION_INVALID'],
    [
      'trust on a public address',
      { skipSignature: true, publicUrl: 'https://voice.example.com' },
      'OFFHOOK_OPTION_INVALID',
    ],
    ['trust on a server not ours', { skipSignature: true, port: false }, 'OFFHOOK_OPTION_INVALID'],
  ])('refuse %s', (_name, options, code) => {
    delete process.env.TWILIO_AUTH_TOKEN;
    const error = refusal(options);
    expect(error.code).toBe(code);
    expect(error.message).toContain('twilio: ');
    expect(error.message).not.toContain('secret');
  });

  it.each(['127.0.0.1', 'localhost', '::1'])(
    'trust everybody on %s, when told to, without any secret',
    (host) => {
      delete process.env.TWILIO_AUTH_TOKEN;
      expect(resolveSettings({ skipSignature: true, host })).toMatchObject({
        authTokens: [],
        publicUrl: undefined,
        anyStream: true,
        skipSignature: true,
      });
    },
  );
});
