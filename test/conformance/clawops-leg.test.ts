/**
 * A ClawOps call through the suite that every leg passes, with the local exchange at its far end.
 */
import { createExchange } from '../../src/exchange/index.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { clawops } from '../../src/transport/clawops/index.ts';
import { describeLeg } from './leg-suite.ts';

const NUMBER = '07012341234';

describeLeg('ClawOps', async (clock, host) => {
  const exchange = createExchange({ clock, random: createRandom(1) });
  const { url } = await exchange.listen();
  const transport = clawops({
    number: NUMBER,
    apiKey: 'sk_test_local',
    accountId: 'AC_local',
    baseUrl: url,
  });
  const connected = transport.connect(host);
  await clock.run(100);
  await connected;
  return {
    transport,
    counters: transport.counters,
    misunderstood: () => exchange.counters.malformed + exchange.counters.unknown,
    dial: (script) => exchange.dial(NUMBER, script),
    close: () => exchange.close(),
  };
});
