/**
 * @module The demo's world in one process: the local exchange, the stand-in model and the agent, joined by the same
 * sockets that a production call uses, in real or in virtual time.
 */
import { clawops } from '../clawops.ts';
import { OffhookError } from '../errors.ts';
import { createExchange, type CallerScript, type Exchange, type ExchangeCall } from '../exchange/index.ts';
import { type Agent, createAgent, type Outcome } from '../index.ts';
import { openaiRealtime } from '../providers/openai.ts';
import { type Clock, createSystemClock } from '../runtime/clock.ts';
import { createRandom } from '../runtime/ids.ts';
import { demoScript } from '../testing/demo-script.ts';
import { createOpenAIStandIn, type OpenAIStandIn } from '../testing/openai/index.ts';
import { watchSockets } from '../testing/settle.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import type { VoiceLanguage } from '../testing/voices.ts';
import type { TracerProvider } from '@opentelemetry/api';
import {
  callerScript,
  createCheckOrder,
  EARLY_BARGE_IN_MS,
  instructionsFor,
  modelForAnyone,
  modelScript,
  recordedCaller,
} from './demo-people.ts';

export interface WorldOptions {
  readonly fast: boolean;
  readonly seed: number;
  readonly provider: 'local' | 'openai';
  readonly language: VoiceLanguage;
  /** Where recordings and log go. */
  readonly directory: string;
  /** Port of the exchange; 0 takes a free one. */
  readonly port: number;
  /** Mu-law of the caller's own recording. */
  readonly caller: Uint8Array | undefined;
  readonly tracerProvider: TracerProvider;
}

export interface DemoWorld {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly agent: Agent;
  /** Brings everything up. @throws OffhookError what listening or connecting threw */
  open(): Promise<void>;
  /** Rings the agent and waits until both sides say that the call is over. */
  call(): Promise<{ call: ExchangeCall; outcome: Outcome }>;
  /** Lets time pass. */
  rest(ms: number): Promise<void>;
  /** Closes everything. Idempotent. */
  close(): Promise<void>;
}

const NUMBER = '07012341234';
const ACCOUNT = { id: 'AC_local', key: 'sk_test_local' };
/** No call of the demo takes this long; what does has got stuck. */
const LONGEST_CALL_MS = 300_000;
/** Connecting has its own, shorter limits. */
const LONGEST_WAIT_MS = 60_000;

/** Makes time: virtual time is driven from deadline to deadline while a promise is waited for. */
function createTime(fast: boolean): {
  readonly clock: Clock;
  readonly drive: <T>(work: Promise<T>, limit: number) => Promise<T>;
  readonly rest: (ms: number) => Promise<void>;
} {
  if (fast) {
    const clock = createVirtualClock();
    return {
      clock,
      async drive(work, limit) {
        let over = false;
        const finish = (): void => {
          over = true;
        };
        work.then(finish, finish);
        await clock.runUntil(() => over, limit);
        return work;
      },
      rest: (ms) => clock.run(ms),
    };
  }
  watchSockets();
  const clock = createSystemClock();
  return {
    clock,
    drive: (work) => work,
    rest: (ms) => new Promise((resolve) => void clock.setTimeout(resolve, ms)),
  };
}

/** Creates the world; nothing is open yet. @throws OffhookError for options that cannot work, such as a missing key */
export function createWorld(options: WorldOptions): DemoWorld {
  const { clock, drive, rest } = createTime(options.fast);
  const script = demoScript(options.language);
  const exchange = createExchange({
    clock,
    random: createRandom(options.seed),
    port: options.port,
    accounts: [ACCOUNT],
    numbers: [{ number: NUMBER }],
  });
  const model = createModel(options, clock);
  let agent: Agent | undefined;
  const latest = options.provider === 'openai' ? EARLY_BARGE_IN_MS : undefined;
  const caller = options.caller ? recordedCaller(options.caller) : callerScript(script, clock, latest);

  return {
    clock,
    exchange,
    get agent() {
      return opened(agent);
    },
    async open() {
      await model.open();
      // A missing package is said now, and not by an agent that cannot answer.
      await model.session().prepare?.();
      const { url } = await exchange.listen();
      agent = agentOf(options, clock, model, url);
      await drive(agent.connect(), LONGEST_WAIT_MS);
    },
    call: () => drive(placeCall(exchange, opened(agent), caller), LONGEST_CALL_MS),
    rest,
    async close() {
      if (agent) await drive(agent.close(), LONGEST_WAIT_MS);
      await drive(exchange.close(), LONGEST_WAIT_MS);
      await model.close();
    },
  };
}

/** The agent of the demo: what a user's own would be, but for the clock and chance it is lent. */
function agentOf(options: WorldOptions, clock: Clock, model: Model, baseUrl: string): Agent {
  const { directory } = options;
  return createAgent(
    {
      transports: [clawops({ number: NUMBER, apiKey: ACCOUNT.key, accountId: ACCOUNT.id, baseUrl })],
      session: () => model.session(),
      tools: [createCheckOrder(demoScript(options.language))],
      recording: { directory },
      log: { directory },
      tracing: { provider: options.tracerProvider },
    },
    // Chance of its own: what the exchange draws must not change what the agent draws.
    { clock, random: createRandom(options.seed + 1) },
  );
}

function opened(agent: Agent | undefined): Agent {
  if (!agent) throw new OffhookError('OFFHOOK_CALL_STATE', 'The demo is not open yet.');
  return agent;
}

async function placeCall(
  exchange: Exchange,
  agent: Agent,
  caller: CallerScript,
): Promise<{ call: ExchangeCall; outcome: Outcome }> {
  const over = new Promise<Outcome>((resolve) => {
    agent.on('call_end', (_call, outcome) => resolve(outcome));
    agent.on('call_failed', (_call, _reason, outcome) => resolve(outcome));
  });
  const call = exchange.dial(NUMBER, caller);
  const [outcome] = await Promise.all([over, call.ended]);
  return { call, outcome };
}

interface Model {
  open(): Promise<void>;
  session(): ReturnType<typeof openaiRealtime>;
  close(): Promise<void>;
}

function createModel(options: WorldOptions, clock: Clock): Model {
  const { language, provider } = options;
  const common = { instructions: instructionsFor(language), voice: 'marin', language } as const;
  if (provider === 'openai') {
    // A missing key is said before anything is opened.
    openaiRealtime(common);
    return { open: async () => {}, session: () => openaiRealtime(common), close: async () => {} };
  }
  const script = demoScript(language);
  const standIn: OpenAIStandIn = createOpenAIStandIn({
    clock,
    random: createRandom(options.seed + 2),
    script: () => (options.caller ? modelForAnyone(script) : modelScript(script)),
  });
  let baseUrl = '';
  return {
    async open() {
      ({ url: baseUrl } = await standIn.listen());
    },
    session: () => openaiRealtime({ ...common, apiKey: 'sk-local', baseUrl }),
    close: () => standIn.close(),
  };
}
