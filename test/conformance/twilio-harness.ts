/** @module A Twilio transport behind a public address, and the carrier that calls it there. */
import { createRandom } from '../../src/runtime/ids.ts';
import { createTwilioStandIn, type TwilioStandIn } from '../../src/testing/twilio/index.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { TransportHost } from '../../src/transport/contract.ts';
import { twilio, type TwilioOptions, type TwilioTransport } from '../../src/transport/twilio/index.ts';

export const AUTH_TOKEN = 'f'.repeat(32);
export const PUBLIC_URL = 'https://voice.example.com';

/** A transport that listens on a free port and hands out numbered tokens; with `skipSignature` it has no secrets. */
export function createPhone(options: TwilioOptions = {}): TwilioTransport {
  let tokens = 0;
  const secrets = options.skipSignature ? {} : { authToken: AUTH_TOKEN, publicUrl: PUBLIC_URL };
  return twilio({ ...secrets, port: 0, ...options }, { createToken: () => `token-${(tokens += 1)}` });
}

/** Twilio, as it finds `transport` behind the public address. */
export function createCarrier(clock: VirtualClock, transport: TwilioTransport): TwilioStandIn {
  return createTwilioStandIn({
    clock,
    random: createRandom(3),
    authToken: AUTH_TOKEN,
    publicUrl: PUBLIC_URL,
    target: () => `http://127.0.0.1:${transport.port}`,
  });
}

/** Both, connected. */
export async function openTwilioBench(
  clock: VirtualClock,
  host: TransportHost,
  options: TwilioOptions = {},
): Promise<{ transport: TwilioTransport; carrier: TwilioStandIn }> {
  const transport = createPhone(options);
  const connected = transport.connect(host);
  await clock.run(0);
  await connected;
  return { transport, carrier: createCarrier(clock, transport) };
}
