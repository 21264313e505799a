/**
 * @module The whole world of a call in one process: the local exchange, the stand-in model and the agent between
 * them, on one virtual clock and over real loopback sockets. Closing it proves that nothing was left open.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileNameOf as recordingNameOf } from '../src/audio/recorder-files.ts';
import { readWav } from '../src/audio/wav.ts';
import { callerScript, createCheckOrder, modelScript } from '../src/cli/demo-people.ts';
import { clawops } from '../src/clawops.ts';
import {
  type CallerScript,
  createExchange,
  type Exchange,
  type ExchangeCall,
  type ExchangeOptions,
} from '../src/exchange/index.ts';
import {
  type Agent,
  type AgentOptions,
  type CallHandle,
  type CallInfo,
  createAgent,
  type Outcome,
} from '../src/index.ts';
import { type OpenAIRealtimeOptions, openaiRealtime } from '../src/providers/openai.ts';
import { fileNameOf as logNameOf } from '../src/runtime/call-log.ts';
import { createRandom } from '../src/runtime/ids.ts';
import type { Logger } from '../src/runtime/logger.ts';
import { demoScript } from '../src/testing/demo-script.ts';
import { createOpenAIStandIn, type OpenAIStandIn, type StandInOptions } from '../src/testing/openai/index.ts';
import { openSockets } from '../src/testing/settle.ts';
import { createVirtualClock, type VirtualClock } from '../src/testing/virtual-clock.ts';
import type { VoiceLanguage } from '../src/testing/voices.ts';
import { createMemoryTracing, type MemoryTracing } from '../src/trace/memory.ts';
import { type CallStory, createStories } from './story.ts';

export const NUMBER = '07012341234';
export const KEY = 'sk-model';

/** Everything may be left out: the world is then that of the demo, in English, with seed 1. */
export interface WorldOptions {
  readonly seed?: number;
  readonly language?: VoiceLanguage;
  /** What the model hears and says. Default: the demo conversation. */
  readonly script?: StandInOptions['script'];
  readonly agent?: Partial<AgentOptions>;
  readonly realtime?: (call: CallInfo) => Partial<OpenAIRealtimeOptions>;
  readonly exchange?: Partial<ExchangeOptions>;
  readonly standIn?: Partial<StandInOptions>;
  /** Calls that are remembered, whoever remembers them; for thousands of calls. Default: all. */
  readonly keep?: number;
}

export interface World extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly exchange: Exchange;
  readonly standIn: OpenAIStandIn;
  readonly agent: Agent;
  readonly tracing: MemoryTracing;
  /** Where logs and recordings go; removed at the end. */
  readonly directory: string;
  /** Log lines of level warn and error, as `code or message`. */
  readonly complaints: readonly string[];
  /** What the agent's listeners were told of each call, in the order in which the calls began. */
  readonly stories: readonly CallStory[];
  /** Waits in virtual time. */
  drive<T>(work: Promise<T>, limit?: number): Promise<T>;
  /** Rings the agent. */
  dial(script?: CallerScript, from?: string): ExchangeCall;
  /** Places a call with the agent; resolves once it is being dialled. */
  place(to: string, options?: Parameters<Agent['call']>[1]): Promise<CallHandle>;
  /** Runs until the agent has told the end of a call; its story. */
  finish(id: string, limit?: number): Promise<CallStory>;
  /** Both at once: one inbound call from ring to end. */
  play(script?: CallerScript): Promise<{ call: ExchangeCall; story: CallStory }>;
  /** Text of a call's log. */
  log(id: string): string;
  /** The three recordings of a call, decoded. */
  wav(id: string): { caller: Int16Array; agent: Int16Array; mix: readonly Int16Array[] };
  /** Closes everything. Idempotent. @throws Error naming whatever was left open */
  close(): Promise<void>;
}

/** Waits for `work` while virtual time goes on. @throws Error after `limit` ms of it */
export async function drive<T>(clock: VirtualClock, work: Promise<T>, limit = 300_000): Promise<T> {
  let over = false;
  void work.catch(() => undefined).finally(() => (over = true));
  await clock.runUntil(() => over, limit);
  return work;
}

function createComplaints(): { complaints: string[]; logger: Logger } {
  const complaints: string[] = [];
  const note = (fields: object, message: string): void =>
    void complaints.push('code' in fields && typeof fields.code === 'string' ? fields.code : message);
  return { complaints, logger: { debug() {}, info() {}, warn: note, error: note } };
}

/** Opens the world and connects the agent. Use with `await using`, and nothing stays open unseen. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const { seed = 1, language = 'en', keep = Number.POSITIVE_INFINITY } = options;
  const clock = createVirtualClock();
  const script = demoScript(language);
  const exchange = createExchange({
    clock,
    random: createRandom(seed),
    keepCalls: keep,
    ...options.exchange,
  });
  const { url } = await exchange.listen();
  const standIn = createOpenAIStandIn({
    clock,
    random: createRandom(seed + 1),
    key: KEY,
    script: options.script ?? (() => modelScript(script)),
    keepSessions: keep,
    ...options.standIn,
  });
  const model = await standIn.listen();
  const directory = mkdtempSync(join(tmpdir(), 'offhook-e2e-'));
  const tracing = createMemoryTracing(Number.isFinite(keep) ? Math.max(1, keep) : undefined);
  const { complaints, logger } = createComplaints();
  const agent = createAgent(
    {
      transports: [clawops({ number: NUMBER, apiKey: 'sk_test_local', accountId: 'AC_local', baseUrl: url })],
      session: (call) =>
        openaiRealtime({
          instructions: 'You answer the telephone.',
          apiKey: KEY,
          baseUrl: model.url,
          language,
          ...options.realtime?.(call),
        }),
      tools: [createCheckOrder(script)],
      recording: { directory },
      log: { directory },
      tracing: { provider: tracing.provider },
      logger,
      ...options.agent,
    },
    { clock, random: createRandom(seed + 2) },
  );
  const stories = createStories(agent, clock, keep);
  await drive(clock, agent.connect(), 20_000);
  const parts = { clock, exchange, standIn, agent, tracing, directory, complaints, stories };
  return createWorld(parts, callerScript(script, clock));
}

type Parts = Pick<
  World,
  'clock' | 'exchange' | 'standIn' | 'agent' | 'tracing' | 'directory' | 'complaints' | 'stories'
>;

function createWorld(parts: Parts, demoCaller: CallerScript): World {
  const { clock, exchange, agent, directory, stories } = parts;
  const waitFor = <T>(work: Promise<T>, limit?: number): Promise<T> => drive(clock, work, limit);
  let closed: Promise<void> | undefined;
  const world: World = {
    ...parts,
    drive: waitFor,
    dial: (script = demoCaller, from = '01012345678') => exchange.dial(NUMBER, script, { from }),
    place: (to, options) => waitFor(agent.call(to, options)),
    async finish(id, limit = 300_000) {
      const storyOf = (): CallStory | undefined => stories.find(({ handle }) => handle.id === id);
      await clock.runUntil(() => storyOf()?.outcome !== undefined, limit);
      return storyOf()!;
    },
    async play(script) {
      const call = world.dial(script);
      const story = await world.finish(call.id);
      await waitFor(call.ended);
      return { call, story };
    },
    log: (id) => readFileSync(join(directory, `${logNameOf(id)}.call.log`), 'utf8'),
    wav(id) {
      const read = (side: string): readonly Int16Array[] =>
        readWav(readFileSync(join(directory, `${recordingNameOf(id)}_${side}.wav`))).channels;
      return { caller: read('in')[0]!, agent: read('out')[0]!, mix: read('mix') };
    },
    close: () => (closed ??= closeWorld(parts)),
    [Symbol.asyncDispose]: () => world.close(),
  };
  return world;
}

async function closeWorld({ clock, exchange, standIn, agent, directory }: Parts): Promise<void> {
  await drive(clock, agent.close(), 60_000);
  const calls = agent.calls.length;
  await drive(clock, exchange.close(), 60_000);
  await standIn.close();
  // Timers before the rest below lets late ones run out unseen.
  const timers = clock.pending;
  await clock.run(0);
  const left = { timers, calls, sockets: openSockets(), files: countOpenFiles(directory) };
  rmSync(directory, { recursive: true, force: true });
  if (Object.values(left).some((count) => count > 0)) {
    throw new Error(`left open: ${JSON.stringify(left)}`);
  }
}

function countOpenFiles(directory: string): number {
  const targetOf = (fd: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  };
  try {
    return readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(directory)).length;
  } catch {
    // Only Linux lists them.
    return 0;
  }
}

export type { CallStory, Outcome };
