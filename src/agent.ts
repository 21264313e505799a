/**
 * @module The agent: takes and places calls on its transports, gives each its own session, and answers for all of
 * them when it closes.
 */
import type { CallHandle } from './call.ts';
import { OffhookError } from './errors.ts';
import type { CallPolicy, ToolPolicy } from './machines/call/vocabulary.ts';
import {
  type AgentEnvironment,
  type AgentOptions,
  type CallOptions,
  checkAgentOptions,
  checkCallOptions,
} from './options.ts';
import type { SessionSpec } from './providers/contract.ts';
import { assembleCall } from './runtime/assemble/call.ts';
import {
  type AgentEvents,
  type AgentListener,
  createEmitter,
  type Emitter,
} from './runtime/assemble/events.ts';
import type { CallParts } from './runtime/assemble/parts.ts';
import type { AssembledCall } from './runtime/assemble/setup.ts';
import type { ScreenVerdict } from './runtime/assemble/tasks.ts';
import { type Clock, createSystemClock } from './runtime/clock.ts';
import { createLogger, type Logger, shieldLogger } from './runtime/logger.ts';
import { nameOf } from './runtime/scope.ts';
import { VERSION } from './runtime/version.ts';
import { createSwitchboard, type Switchboard } from './runtime/switchboard.ts';
import { type CallTrace, createCallTrace } from './trace/call-trace.ts';
import { createTracing, type Tracing } from './trace/provider.ts';
import { createToolRegistry, type ToolRegistry } from './tools/registry.ts';
import type { CallInfo, Leg, Transport } from './transport/contract.ts';

export interface Agent {
  /**
   * Brings every transport up.
   * @throws OffhookError OFFHOOK_AUTH_REFUSED at once and for good, OFFHOOK_LINK_TIMEOUT after 10 s.
   */
  connect(): Promise<void>;
  /** Connects, and resolves after SIGINT or SIGTERM once the running calls have ended; a second signal cuts them. */
  serve(): Promise<void>;
  /** Stops taking calls and ends: `drain` lets running calls finish for that many ms first (default 0). */
  close(options?: { readonly drain?: number }): Promise<void>;
  /**
   * Places a call; resolves once it is being dialled.
   * @throws OffhookError OFFHOOK_CALL_LIMIT, OFFHOOK_OPTION_INVALID, OFFHOOK_CAPABILITY_MISSING
   */
  call(to: string, options?: CallOptions): Promise<CallHandle>;
  /** @returns takes the listener off again. */
  on<Name extends keyof AgentEvents>(event: Name, listener: AgentListener<Name>): () => void;
  /** Calls under way. */
  readonly calls: readonly CallHandle[];
  [Symbol.asyncDispose](): Promise<void>;
}

const DEFAULT_MAX_CALLS = 100;
const DEFAULT_MAX_DURATION = 3_600_000;
const DEFAULT_RING_TIMEOUT = 60_000;
const DEFAULT_LOG_DIRECTORY = './calls';
/** A model that calls tools ten times over one question goes in circles. */
const MAX_TOOL_ROUNDS = 10;

/**
 * Makes an agent from its options, which are checked at once; nothing connects before `connect` or `serve`.
 * @param environment clock and chance of the process; for tests and the local demo.
 * @throws OffhookError OFFHOOK_OPTION_INVALID, OFFHOOK_TOOL_DUPLICATE
 */
export function createAgent(options: AgentOptions, environment: AgentEnvironment = {}): Agent {
  checkAgentOptions(options);
  return new CallCentre(options, environment);
}

/** What `offhook run` looks for in a module. */
export function isAgent(value: unknown): value is Agent {
  return value instanceof CallCentre;
}

class CallCentre implements Agent {
  readonly #options: AgentOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  readonly #events: Emitter;
  readonly #tools: ToolRegistry<CallHandle>;
  readonly #switchboard: Switchboard = createSwitchboard();
  readonly #calls = new Set<AssembledCall>();
  #tracing: Tracing | undefined;
  #connected: Promise<void> | undefined;
  #closing = false;

  constructor(options: AgentOptions, environment: AgentEnvironment) {
    this.#options = options;
    this.#clock = environment.clock ?? createSystemClock();
    this.#random = environment.random ?? Math.random;
    this.#logger = shieldLogger(options.logger ?? createLogger());
    this.#events = createEmitter(this.#logger);
    this.#tools = createToolRegistry<CallHandle>({
      tools: options.tools ?? [],
      builtinTools: options.builtinTools ?? 'all',
    });
  }

  get calls(): readonly CallHandle[] {
    return [...this.#calls].map(({ handle }) => handle);
  }

  on<Name extends keyof AgentEvents>(event: Name, listener: AgentListener<Name>): () => void {
    return this.#events.on(event, listener);
  }

  connect(): Promise<void> {
    this.#connected ??= this.#connect();
    return this.#connected;
  }

  async #connect(): Promise<void> {
    this.#closing = false;
    try {
      this.#tracing = await createTracing({
        version: VERSION,
        logger: this.#logger,
        ...(this.#options.tracing?.provider ? { tracerProvider: this.#options.tracing.provider } : {}),
      });
      if (this.#isClosing()) {
        throw new OffhookError('OFFHOOK_CALL_STATE', 'The agent was closed before it was connected.');
      }
      await Promise.all(
        this.#options.transports.map((transport) =>
          transport.connect({
            clock: this.#clock,
            logger: this.#logger,
            random: this.#random,
            incoming: (leg) => this.#incoming(leg),
            linkLost: (error) =>
              this.#logger.error({ transport: transport.name, code: error.code }, error.message),
          }),
        ),
      );
    } catch (error) {
      this.#connected = undefined;
      // What keeps trying may still come up; after a refusal for good nothing half-connected takes calls.
      if (!(error instanceof OffhookError && error.retryable)) await this.#disconnect();
      throw error;
    }
  }

  async #disconnect(): Promise<void> {
    await Promise.all(this.#options.transports.map((transport) => transport.close()));
    await this.#tracing?.shutdown();
    this.#tracing = undefined;
    this.#connected = undefined;
  }

  async serve(): Promise<void> {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: insisted, resolve: insist } = Promise.withResolvers<void>();
    let signals = 0;
    const onSignal = (): void => {
      signals += 1;
      if (signals === 1) ask();
      else insist();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      const connecting = this.connect();
      await Promise.race([connecting, asked]);
      // Told to stop while still connecting: that attempt fails, as it should.
      connecting.catch(() => {});
      await asked;
      await Promise.race([this.close({ drain: Number.POSITIVE_INFINITY }), insisted]);
      await this.close();
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  }

  async close({ drain = 0 }: { readonly drain?: number } = {}): Promise<void> {
    this.#closing = true;
    const running = [...this.#calls];
    if (drain > 0) await this.#drain(running, drain);
    for (const call of this.#calls) call.stop('shutdown');
    if (this.#calls.size > 0) await this.#drain([...this.#calls], FAREWELL_LIMIT);
    for (const call of this.#calls) call.abandon();
    await this.#disconnect();
  }

  /** Asked after a wait, in which it may have changed. */
  #isClosing(): boolean {
    return this.#closing;
  }

  async #drain(calls: readonly AssembledCall[], limit: number): Promise<void> {
    const over = Promise.all(calls.map(({ handle }) => handle.ended));
    if (limit === Number.POSITIVE_INFINITY) {
      await over;
      return;
    }
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(resolve, limit);
    await Promise.race([over, late]);
    this.#clock.clearTimeout(timer);
  }

  async call(to: string, options: CallOptions = {}): Promise<CallHandle> {
    checkCallOptions(options);
    if (typeof to !== 'string' || to.trim() === '') {
      throw new OffhookError('OFFHOOK_OPTION_INVALID', 'agent.call: the number to call must not be empty');
    }
    const transport = this.#route(options.via);
    if (options.machineDetection && !transport.can.amd) {
      throw new OffhookError(
        'OFFHOOK_CAPABILITY_MISSING',
        `agent.call: the transport "${transport.name}" cannot tell machines from people.`,
      );
    }
    this.#admit();
    await this.connect();
    // Others may have been placed, or the agent closed, meanwhile.
    this.#admit();
    const leg = transport.dial!({
      to,
      ringTimeout: options.ringTimeout ?? DEFAULT_RING_TIMEOUT,
      machineDetection: options.machineDetection ?? false,
    });
    const call = this.#assemble(leg, options);
    await call.start();
    return call.handle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #route(via: string | undefined): Transport {
    const able = this.#options.transports.filter((transport) => transport.dial !== undefined);
    const chosen = via === undefined ? able : able.filter(({ name }) => name === via);
    const names = able.map(({ name }) => name).join(', ');
    if (able.length === 0) {
      throw new OffhookError('OFFHOOK_CAPABILITY_MISSING', 'No transport of this agent can place calls.');
    }
    if (chosen.length !== 1 || !chosen[0]) {
      throw new OffhookError('OFFHOOK_OPTION_INVALID', `agent.call: option "via" must name one of ${names}`);
    }
    return chosen[0];
  }

  #admit(): void {
    const limit = this.#options.maxCalls ?? DEFAULT_MAX_CALLS;
    const active = [...this.#calls].filter(({ handle }) => handle.state.dialogue !== 'handedOff').length;
    if (this.#closing)
      throw new OffhookError('OFFHOOK_CALL_STATE', 'The agent is closing and takes no more calls.');
    if (active >= limit) throw new OffhookError('OFFHOOK_CALL_LIMIT');
  }

  #incoming(leg: Leg): void {
    try {
      this.#admit();
    } catch (error) {
      const { code, message } = error as OffhookError;
      this.#logger.warn({ call: leg.info.id, code }, 'a call was turned away');
      leg.reject({ cause: 'busy', code, message });
      leg.close();
      return;
    }
    const call = this.#assemble(leg, {});
    void call.start();
  }

  #assemble(leg: Leg, options: CallOptions): AssembledCall {
    const { gain, recording, log, metadata } = this.#options;
    const call = assembleCall({
      leg,
      clock: this.#clock,
      logger: this.#logger,
      switchboard: this.#switchboard,
      events: this.#events,
      tools: this.#tools,
      policy: (spec) => this.#policy(leg, spec, options),
      screen: () => this.#screen(leg.info),
      recipe: async () => await this.#options.session(leg.info),
      gain: { in: gain?.in ?? 1, out: gain?.out ?? 1 },
      recording,
      log: { directory: log?.directory ?? DEFAULT_LOG_DIRECTORY, record: log?.record ?? false },
      metadata: { ...metadata, ...options.metadata },
      trace: (parts) => this.#trace(parts),
      ended: (over) => void this.#calls.delete(over),
    });
    this.#calls.add(call);
    return call;
  }

  async #screen(info: CallInfo): Promise<ScreenVerdict> {
    const verdict = (await this.#options.screen?.(info)) ?? true;
    if (typeof verdict === 'boolean') return { accept: verdict, code: verdict ? '' : 'rejected' };
    return { accept: verdict.accept, code: verdict.code ?? (verdict.accept ? '' : 'rejected') };
  }

  #trace(parts: CallParts): CallTrace | undefined {
    if (!this.#tracing?.isOn()) return undefined;
    try {
      return createCallTrace({
        tracer: this.#tracing.tracer,
        call: parts.info,
        clock: parts.clock,
        toolSource: (name) => (this.#tools.find(name)?.kind === 'builtin' ? 'builtin' : 'local'),
        usage: (gen) => parts.record.usage(gen),
        description: () => parts.spec()?.description,
        pii: this.#options.pii?.spans ?? false,
      });
    } catch (error) {
      this.#logger.error({ call: parts.id, error: nameOf(error) }, 'a call is not traced');
      return undefined;
    }
  }

  #policy(leg: Leg, spec: SessionSpec | undefined, options: CallOptions): CallPolicy {
    const tools: Record<string, ToolPolicy> = {};
    for (const { name, onInterrupt, onHangup } of this.#options.tools ?? [])
      tools[name] = { onInterrupt, onHangup };
    const ending = this.#tools.find('hang_up')?.kind === 'builtin' ? ['hang_up'] : [];
    const greeting = spec?.greeting;
    return {
      turns: spec?.turns.by ?? 'model',
      answerAfter: spec?.turns.answerAfter ?? 500,
      interruptAfter: spec?.turns.interruptAfter ?? 0,
      greeting: !greeting?.enabled ? 'none' : greeting.interruptible ? 'open' : 'closed',
      // No transport reports an answering machine yet, so there is no option to speak to one.
      voicemail: false,
      recording: this.#options.recording !== undefined,
      maxDuration: this.#options.maxDuration ?? DEFAULT_MAX_DURATION,
      ringTimeout: options.ringTimeout ?? DEFAULT_RING_TIMEOUT,
      transferReportsAnswer: leg.can.transfer?.reports.includes('answered') ?? false,
      longestBridge: leg.can.transfer?.longestBridge ?? DEFAULT_MAX_DURATION,
      returnAfterFailure: leg.can.transfer?.return ?? false,
      endingTools: ending,
      tools,
      maxToolRounds: MAX_TOOL_ROUNDS,
    };
  }
}

/** How long `close` lets goodbyes be spoken before it takes calls apart. */
const FAREWELL_LIMIT = 10_000;
