/**
 * @module The cost of every stage a chunk or an event goes through, in this process alone. `node bench/stages/index.ts`
 * prints it by itself.
 */
import { measureChart } from './chart.ts';
import { measureMedia } from './media.ts';
import type { StageCost } from './time.ts';
import { measureWire } from './wire.ts';

export function measureStages(): StageCost[] {
  return [...measureMedia(), ...measureWire(), ...measureChart()];
}

if (import.meta.main) {
  for (const { stage, ns, per } of measureStages()) {
    process.stdout.write(`${stage.padEnd(36)} ${(ns / 1_000).toFixed(2).padStart(8)} µs per ${per}\n`);
  }
}
