/**
 * A Twilio call through the suite that every leg passes: answered by the webhook, tied to its stream by the token, with
 * Twilio's side of both played by the stand-in.
 */
import { describeLeg } from './leg-suite.ts';
import { openTwilioBench } from './twilio-harness.ts';

describeLeg('Twilio', async (clock, host) => {
  const { transport, carrier } = await openTwilioBench(clock, host);
  return {
    transport,
    counters: transport.counters,
    misunderstood: () => carrier.counters.malformed + carrier.counters.unknown,
    dial: (script) => carrier.dial(script),
    close: async () => carrier.close(),
  };
});
