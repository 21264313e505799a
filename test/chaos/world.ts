/**
 * @module A whole call's world on one virtual clock: exchange, stand-in model and agent over real loopback sockets,
 * with switches for everything that can go wrong, and one question at the end: is anything left open?
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LineName } from '../../src/audio/lines.ts';
import { lineText, loadLine } from '../../src/audio/lines.ts';
import { clawops, type ClawopsOptions } from '../../src/clawops.ts';
import {
  type CallerScript,
  createExchange,
  type Exchange,
  type ExchangeCall,
  type ExchangeOptions,
  say,
  wait,
  waitForAgent,
} from '../../src/exchange/index.ts';
import {
  type Agent,
  type AgentEvents,
  type AgentOptions,
  type CallHandle,
  createAgent,
  type Logger,
  type Outcome,
} from '../../src/index.ts';
import { openaiRealtime, type OpenAIRealtimeOptions } from '../../src/providers/openai.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import {
  createOpenAIStandIn,
  type OpenAIStandIn,
  type StandInOptions,
  type StandInSession,
  scriptOf,
  type ScriptStep,
  type SpokenLine,
} from '../../src/testing/openai/index.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { voice, type VoiceName } from '../../src/testing/voices.ts';

export const NUMBER = '07012341234';
export const KEY = 'sk_test_local';

export interface WorldOptions {
  readonly script?: readonly ScriptStep[];
  readonly agent?: Partial<AgentOptions>;
  readonly model?: Partial<OpenAIRealtimeOptions>;
  readonly standIn?: Partial<StandInOptions>;
  readonly exchange?: Partial<ExchangeOptions>;
  readonly clawops?: Partial<ClawopsOptions>;
  /** Write the record with words, digits and arguments too. Default true. */
  readonly record?: boolean;
  /** Leave the agent unconnected. */
  readonly offline?: boolean;
}

/** What an agent's listeners were told, in order. */
export type Told = {
  [Name in keyof AgentEvents]: { readonly name: Name; readonly at: number; readonly args: AgentEvents[Name] };
}[keyof AgentEvents];

export interface World {
  readonly clock: VirtualClock;
  readonly exchange: Exchange;
  readonly standIn: OpenAIStandIn;
  readonly agent: Agent;
  readonly url: string;
  readonly modelUrl: string;
  readonly directory: string;
  readonly told: readonly Told[];
  readonly logged: readonly { readonly level: string; readonly bindings: object; readonly message: string }[];
  /** The newest session the stand-in let in. */
  readonly session: StandInSession;
  /** The newest call of the agent. */
  readonly handle: CallHandle;
  toldOf<Name extends keyof AgentEvents>(name: Name): AgentEvents[Name][];
  /** States entered, newest last. */
  readonly states: readonly string[];
  /** Rings and returns at once. */
  ring(script: CallerScript, from?: string): ExchangeCall;
  /** Runs until the agent's dialogue is in a state that matches. */
  reach(state: RegExp, limit?: number): Promise<void>;
  until(done: () => boolean, limit?: number): Promise<void>;
  /** Runs until the call is over on both sides, then checks that one end was told and nothing is left. */
  over(call: ExchangeCall, limit?: number): Promise<Outcome>;
  /** Takes everything down and checks that nothing is left of it. */
  close(): Promise<void>;
  /** Awaits what needs time to pass. */
  during<T>(work: Promise<T>, limit?: number): Promise<T>;
}

/** A line with its recorded voice, so that it can be found in what the caller heard. */
export const line = (name: VoiceName): SpokenLine => {
  const { text, audio } = voice(name);
  return { text, audio };
};
/** The caller speaks a recorded line. */
export const utter = (name: VoiceName) => say({ name, audio: voice(name).audio });

export const GREETING: ScriptStep = { greeting: line('en/agent-greeting') };
export const ANSWER = line('en/agent-answer-day');
/** The caller lets the agent greet, asks, and waits for an answer. */
export const ASKS: CallerScript = [
  waitForAgent(),
  utter('en/caller-barge'),
  waitForAgent({ timeoutMs: 60_000 }),
];

/** The caller asks, and stays on the line for `ms` whatever comes. */
export const asksAndStays = (ms: number): CallerScript => [
  waitForAgent(),
  utter('en/caller-barge'),
  wait(ms),
];

const EVENTS = [
  'call_start',
  'call_end',
  'call_failed',
  'transcript',
  'dtmf',
  'turn',
  'barge_in',
  'tool_call',
  'state',
  'session_lost',
] as const satisfies readonly (keyof AgentEvents)[];

const worlds = new Set<World>();

/** For `afterEach`: a test that failed half way leaves no sockets to the next. */
export async function closeWorlds(): Promise<void> {
  for (const world of worlds) {
    worlds.delete(world);
    const closing = world.agent.close();
    await world.clock.run(15_000);
    await Promise.race([closing, Promise.resolve()]);
    await world.standIn.close();
    await world.exchange.close();
    await world.clock.run(0);
    rmSync(world.directory, { recursive: true, force: true });
  }
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const directory = mkdtempSync(join(tmpdir(), 'offhook-chaos-'));
  const exchange = createExchange({ clock, random, ...options.exchange });
  const steps = options.script ?? [GREETING, { otherwise: ANSWER }];
  const standIn = createOpenAIStandIn({
    clock,
    random,
    key: 'k',
    script: () => scriptOf(...steps),
    ...options.standIn,
  });
  const { url } = await exchange.listen();
  const { url: modelUrl } = await standIn.listen();
  const logged: { level: string; bindings: object; message: string }[] = [];
  const told: Told[] = [];
  const agent = createAgent(
    {
      transports: [
        clawops({ number: NUMBER, apiKey: KEY, accountId: 'AC_local', baseUrl: url, ...options.clawops }),
      ],
      session: () =>
        openaiRealtime({
          instructions: 'x',
          apiKey: 'k',
          baseUrl: modelUrl,
          language: 'en',
          ...options.model,
        }),
      log: { directory, record: options.record ?? true },
      logger: createListeningLogger(logged),
      ...options.agent,
    },
    { clock, random },
  );
  for (const name of EVENTS) {
    agent.on(
      name,
      (...args: unknown[]) => void told.push({ name, at: clock.now(), args } as unknown as Told),
    );
  }
  const during = async <T>(work: Promise<T>, limit = 120_000): Promise<T> => {
    let settled = false;
    void work.catch(() => undefined).finally(() => (settled = true));
    await clock.runUntil(() => settled, limit);
    return work;
  };
  const toldOf = <Name extends keyof AgentEvents>(name: Name): AgentEvents[Name][] =>
    told.filter((entry) => entry.name === name).map((entry) => entry.args as AgentEvents[Name]);

  const world: World = {
    clock,
    exchange,
    standIn,
    agent,
    url,
    modelUrl,
    directory,
    told,
    logged,
    during,
    toldOf,
    get session() {
      return standIn.sessions.at(-1)!;
    },
    get handle() {
      return agent.calls.at(-1)!;
    },
    get states() {
      return toldOf('state').flatMap(([, { entered }]) => entered);
    },
    ring: (script, from = '01099998888') => exchange.dial(NUMBER, script, { from }),
    reach: (state, limit = 60_000) =>
      clock.runUntil(() => state.test(agent.calls.at(-1)?.state.dialogue ?? ''), limit),
    until: (done, limit = 120_000) => clock.runUntil(done, limit),
    async over(call, limit = 180_000) {
      const before = agent.calls.at(-1)?.id;
      const platform = await during(call.ended, limit);
      await clock.runUntil(() => agent.calls.length === 0, 60_000);
      await clock.run(0);
      const ends = told.filter(({ name }) => name === 'call_end' || name === 'call_failed');
      expect(ends, 'ends told').toHaveLength(
        before === undefined && ends.length === 0 ? 0 : exchange.calls().length,
      );
      expect(platform.status).toBeDefined();
      expect(standIn.counters.open, 'model sessions open').toBe(0);
      return ends.at(-1)?.args.at(-1) as Outcome;
    },
    async close() {
      worlds.delete(world);
      await during(agent.close());
      expect(agent.calls).toHaveLength(0);
      expect(standIn.counters.open, 'model sessions open').toBe(0);
      await standIn.close();
      await exchange.close();
      await clock.run(0);
      expect(openSockets(), 'sockets open').toBe(0);
      expect(clock.pending, 'timers armed').toBe(0);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  worlds.add(world);
  if (process.env['CHAOS_TRACE']) {
    agent.on('state', (_call, { at, entered, why }) => console.log(at, entered.join(' '), '-', why));
    agent.on('call_end', (_call, outcome) => console.log(clock.now(), outcome));
  }
  if (!options.offline) await during(agent.connect());
  return world;
}

function createListeningLogger(into: { level: string; bindings: object; message: string }[]): Logger {
  const at =
    (level: string) =>
    (bindings: object, message = ''): void =>
      void into.push({ level, bindings, message });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Milliseconds into the call at which the caller heard `audio`, whole and without a hole; undefined if never. */
export function heardAt(call: ExchangeCall, audio: Uint8Array, from = 0): number | undefined {
  const tape = Buffer.from(call.heard.buffer, call.heard.byteOffset, call.heard.length);
  const at = tape.indexOf(trimmed(audio), from * 8);
  return at < 0 ? undefined : at / 8;
}

/** Milliseconds of the beginning of `audio` that the caller heard. */
export function heardOf(call: ExchangeCall, audio: Uint8Array): number {
  const tape = Buffer.from(call.heard.buffer, call.heard.byteOffset, call.heard.length);
  const wanted = trimmed(audio);
  const start = tape.indexOf(wanted.subarray(0, 480));
  if (start < 0) return 0;
  let length = 480;
  while (length < wanted.length && tape[start + length] === wanted[length]) length += 1;
  return length / 8;
}

/** The caller heard one of the runtime's own sentences from its first to its last sound. */
export function expectHeard(call: ExchangeCall, name: LineName, language = 'en', from = 0): number {
  const at = heardAt(call, loadLine(language, name), from);
  expect(at, `the caller hears "${lineText(language, name)}"`).toBeDefined();
  return at!;
}

/** From the first to the last sound: silence at the edges is found anywhere. */
function trimmed(audio: Uint8Array): Buffer {
  let first = 0;
  let last = audio.length;
  while (first < last && (audio[first]! | 0x80) >= 0xf0) first += 1;
  while (last > first && (audio[last - 1]! | 0x80) >= 0xf0) last -= 1;
  return Buffer.from(audio.buffer, audio.byteOffset + first, last - first);
}

/** Everything the call's event logs hold, as text. */
export function readLogs(world: World, suffix = '.call.log'): string {
  return readdirSync(world.directory)
    .filter((file) => file.endsWith(suffix))
    .map((file) => readFileSync(join(world.directory, file), 'utf8'))
    .join('\n');
}
