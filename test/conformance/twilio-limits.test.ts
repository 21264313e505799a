/**
 * What a call over Twilio cannot have, and who is turned away there: told to the program with a code, and to the
 * caller with the tone that fits.
 */
import { afterEach, expect, it } from 'vitest';
import { goSilent } from '../../src/exchange/index.ts';
import type { AgentOptions } from '../../src/index.ts';
import type { TwilioStandIn } from '../../src/testing/twilio/index.ts';
import { openWorld, type World } from '../world.ts';
import { createCarrier, createPhone } from './twilio-harness.ts';

let world: World;
let carrier: TwilioStandIn;

async function open(agent: Partial<AgentOptions> = {}): Promise<void> {
  const phone = createPhone();
  world = await openWorld({ agent: { transports: [phone], ...agent } });
  carrier = createCarrier(world.clock, phone);
}

afterEach(async () => {
  carrier.close();
  await world.close();
});

it('keys towards the network: refused, and the call goes on', async () => {
  await open();
  const call = carrier.dial([goSilent()]);
  await world.clock.run(5_000);
  await expect(world.agent.calls[0]!.sendDigits('1')).rejects.toMatchObject({
    code: 'OFFHOOK_CAPABILITY_MISSING',
    message: expect.stringContaining('"twilio"') as string,
    call: call.id,
  });
  expect(call.status).toBe('in-progress');
});

it('room for one more: the line is busy, which is worth another try', async () => {
  await open({ maxCalls: 1 });
  carrier.dial([goSilent()]);
  await world.clock.run(2_000);
  const second = carrier.dial([goSilent()]);
  await world.clock.run(2_000);
  expect(second.status).toBe('busy');
  expect(world.complaints).toEqual(['OFFHOOK_CALL_LIMIT']);
});

it.each([
  ['rejected', false],
  ['rejected', { accept: false, code: 'not-a-customer' }],
  ['busy', { accept: false, code: 'busy' }],
] as const)('a way past the screen: the caller is %s by %j', async (status, screening) => {
  await open({ screen: () => screening });
  const call = carrier.dial([goSilent()]);
  await world.clock.run(2_000);
  expect(call.status).toBe(status);
  expect(world.stories[0]!.outcome).toMatchObject({ status: 'rejected' });
});
