/**
 * @module Plays the demo conversation once, from ring to hang-up, and hands over everything it left behind.
 */
import type { ExchangeCall } from '../../src/exchange/index.ts';
import type { StandInSession } from '../../src/testing/openai/index.ts';
import type { VoiceLanguage } from '../../src/testing/voices.ts';
import type { MemorySpan } from '../../src/trace/memory.ts';
import type { CallStory } from '../story.ts';
import { openWorld, type World } from '../world.ts';

export interface PlayedDemo {
  readonly call: ExchangeCall;
  readonly story: CallStory;
  readonly log: string;
  readonly wav: ReturnType<World['wav']>;
  readonly spans: readonly MemorySpan[];
  /** The model's side, one entry a connection. */
  readonly sessions: readonly StandInSession[];
  readonly complaints: readonly string[];
}

/** @throws Error if anything was left open. */
export async function playDemo(language: VoiceLanguage, seed = 1): Promise<PlayedDemo> {
  await using world = await openWorld({ language, seed });
  const { call, story } = await world.play();
  const { complaints, standIn } = world;
  const { sessions } = standIn;
  const spans = world.tracing.spans();
  return { call, story, log: world.log(call.id), wav: world.wav(call.id), spans, sessions, complaints };
}
