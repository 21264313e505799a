/**
 * @module A caller, a connection and a stand-in model around one virtual clock: what the conformance suites of
 * `openaiRealtime` speak through.
 */
import { afterEach, beforeEach, expect } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import type { SessionFact } from '../../src/providers/contract.ts';
import { hum } from '../../src/testing/openai/audio.ts';
import {
  createOpenAIStandIn,
  type OpenAIStandIn,
  scriptOf,
  type ScriptStep,
  type StandInOptions,
} from '../../src/testing/openai/index.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { openConnection } from '../unit/openai-fake.ts';

type Options = Parameters<typeof openConnection>[1];
type Context = Parameters<typeof openConnection>[2];

const SILENCE = new Uint8Array(160).fill(0xff);

export interface Bench {
  clock: VirtualClock;
  baseUrl: string;
  start(steps: readonly ScriptStep[], options?: Partial<StandInOptions>): Promise<void>;
  stop(): Promise<void>;
  connect(options?: Options, context?: Context): ReturnType<typeof connect>;
}

/** A fresh clock and stand-in for every test of the file. */
export function createBench(): Bench {
  let standIn: OpenAIStandIn;
  const bench: Bench = {
    clock: createVirtualClock(),
    baseUrl: '',
    async start(steps, options = {}) {
      const { clock } = bench;
      standIn = createOpenAIStandIn({ clock, script: () => scriptOf(...steps), keepAudio: true, ...options });
      bench.baseUrl = (await standIn.listen()).url;
    },
    stop: () => standIn.close(),
    connect: (options, context) => connect(bench, () => standIn.sessions.at(-1)!, options, context),
  };
  beforeEach(() => {
    bench.clock = createVirtualClock();
  });
  afterEach(async () => {
    await standIn.close();
    await bench.clock.run(0);
  });
  return bench;
}

/** A connection that is ready, with a caller to speak into it. */
async function connect(
  { clock, baseUrl }: Bench,
  newest: () => OpenAIStandIn['sessions'][number],
  options: Options = {},
  context: Context = {},
) {
  const session = openConnection(clock, { baseUrl, ...options }, context);
  await clock.runUntil(() => session.facts.length > 0, 20_000);
  expect(session.facts.splice(0)).toEqual([{ type: 'session.ready' }]);
  let fed = 0;
  const feed = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; at += 160) {
      session.connection.feed(chunkOfBytes(bytes.subarray(at, at + 160)));
      await clock.run(20);
    }
    fed += bytes.length / 8;
  };
  return {
    ...session,
    fedMs: () => fed,
    model: newest(),
    speak: (text: string) => feed(hum(text)),
    /** Silence until `done`, since a detector hears the end of speech in audio only. */
    async listen(done: () => boolean, limit = 8_000): Promise<void> {
      for (let waited = 0; !done(); waited += 20) {
        if (waited > limit) throw new Error(`nothing came of it: ${JSON.stringify(session.facts)}`);
        await feed(SILENCE);
      }
    },
    has: (type: SessionFact['type']) => session.facts.some((fact) => fact.type === type),
    /** The facts since the last call. */
    take: () => session.facts.splice(0),
  };
}

/** The stand-in's voice for these lines, in mu-law. */
export const said = (texts: readonly string[]): Buffer => Buffer.concat(texts.map((text) => hum(text)));

/** By length first, then as a whole: the difference of two recordings tells a reader nothing, and takes long. */
export function expectHeard(heard: Buffer, expected: Buffer): void {
  expect(heard.length / 8).toBe(expected.length / 8);
  expect(heard.equals(expected)).toBe(true);
}
