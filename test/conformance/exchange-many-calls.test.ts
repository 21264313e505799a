/**
 * Twenty calls at once share one heartbeat, one network and one control connection; none may hear a byte of another,
 * and the same seed must give the same run.
 */
import { afterEach, expect, test } from 'vitest';
import { goSilent, say, wait } from '../../src/exchange/index.ts';
import { audioOf, type Bench, type Client, mediaOf, openBench, tone } from './exchange-client.ts';

let bench: Bench;
afterEach(() => bench.close());

async function runTwenty(): Promise<{ heard: Buffer[]; sent: Buffer[]; log: string }> {
  bench = await openBench();
  const control = await bench.control();
  const media: Client[] = [];
  for (let index = 0; index < 20; index += 1) {
    bench.exchange.dial('07012341234', [
      wait(100 + index * 7),
      say({ audio: tone(300 + index, 0x10 + index) }),
      goSilent(),
    ]);
    media.push(await bench.answer(control, index));
    await bench.clock.run(index % 5);
  }
  media.forEach((client, index) => {
    for (let part = 0; part < 5; part += 1) client.send(mediaOf(tone(37 + index, 0x40 + index)));
    client.send({ event: 'mark', mark: { name: `end-${index}` } });
  });
  await bench.clock.run(2_000);
  media.forEach((client, index) => {
    expect(client.of('mark').map((message) => message.mark)).toEqual([{ name: `end-${index}` }]);
  });
  const calls = bench.exchange.calls();
  return {
    heard: calls.map((call) => Buffer.from(call.heard)),
    sent: media.map(audioOf),
    log: JSON.stringify([
      calls.map((call) => [call.id, call.events]),
      media.map((client) => client.received),
    ]),
  };
}

test('each hears its own audio, all of it and nothing else', async () => {
  const { heard, sent } = await runTwenty();
  for (let index = 0; index < 20; index += 1) {
    const own = heard[index]!.filter((byte) => byte !== 0xff);
    expect(own.length).toBe(5 * (37 + index) * 8);
    expect(new Set(own)).toEqual(new Set([0x40 + index]));
    const spoken = sent[index]!.filter((byte) => byte !== 0xff);
    expect(spoken.length).toBe((300 + index) * 8);
    expect(new Set(spoken)).toEqual(new Set([0x10 + index]));
  }
});

test('the same seed gives the same run', async () => {
  const first = await runTwenty();
  const { port } = new URL(bench.url);
  await bench.close();
  const second = await runTwenty();
  const local = new URL(bench.url).port;
  // As part of an address: five digits turn up within an id now and then.
  expect(second.log.replaceAll(`:${local}/`, `:${port}/`)).toBe(first.log);
});
