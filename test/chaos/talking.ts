/** @module A call in conversation with nobody speaking, for tests of the handle's verbs. */
import { type CallerScript, goSilent } from '../../src/exchange/index.ts';
import { ANSWER, createWorld, GREETING, type World, type WorldOptions } from './world.ts';

export const STAYS: CallerScript = [goSilent()];

/** A call in conversation, with nobody speaking. */
export async function talking(script: CallerScript = STAYS, options: WorldOptions = {}) {
  const world = await createWorld({
    script: [GREETING, { onInstructions: ANSWER }, { otherwise: ANSWER }],
    ...options,
  });
  const call = world.ring(script);
  await world.reach(/listening/);
  return { world, call, handle: world.handle };
}

export const end = async (world: World, call: ReturnType<World['ring']>): Promise<void> => {
  call.hangUp();
  await world.over(call);
  await world.close();
};
