/**
 * @module The local exchange: the ClawOps platform's side of the wire on this machine, with callers that follow a
 * script and a ruler on every call. Unmodified clients of the platform work against it.
 */
import { OffhookError } from '../errors.ts';
import { silentLogger } from '../runtime/logger.ts';
import { type CallSeed, createCall, type LiveCall } from './call.ts';
import { type ControlLink, createSwitchboard } from './control.ts';
import { createDelayLine } from './delay-line.ts';
import { createExchangeFaults } from './faults.ts';
import { forgetOldest, KEPT } from './forget.ts';
import { normaliseNumber } from './numbers.ts';
import { createLocalApi } from './local-api.ts';
import type { Office } from './office.ts';
import { startDialling } from './outbound.ts';
import { createRest } from './rest.ts';
import { createExchangeServer } from './server.ts';
import { createTicker } from './ticker.ts';
import type {
  CalleeBehaviour,
  Exchange,
  ExchangeCall,
  ExchangeListeners,
  ExchangeOptions,
  OutboundInfo,
} from './types.ts';

export * from './types.ts';
export { type BargeInReaction, bargeInsOf, type CallEvent, type TurnLatency, turnsOf } from './events.ts';
export type { CallFaults, ExchangeFaults } from './faults.ts';
export {
  bargeIn,
  type CallerScript,
  type CallerStep,
  type Clip,
  goSilent,
  hangUp,
  loseNetwork,
  muteFrames,
  press,
  say,
  silentUntil,
  wait,
  waitForAgent,
} from './steps.ts';

/** One-way delay of a short domestic route. */
const LATENCY_MS = 5;
const DEFAULT_ACCOUNT = { id: 'AC_local', key: 'sk_test_local' };
const DEFAULT_NUMBER = '07012341234';
/** Whom calls are from when the caller does not say. */
const CALLER_NUMBER = '01012345678';

type Listeners = { [K in keyof ExchangeListeners]: Set<ExchangeListeners[K]> };

function createListeners(): Listeners {
  return { call: new Set(), event: new Set(), ended: new Set(), agent: new Set() };
}

/** Builds what the parts share. */
function createOffice(
  options: ExchangeOptions,
  listeners: Listeners,
  find: (number: string) => ControlLink | undefined,
): Office {
  const { clock } = options;
  const accounts = options.accounts ?? [DEFAULT_ACCOUNT];
  const first = accounts[0];
  if (!first) throw new OffhookError('OFFHOOK_OPTION_INVALID', 'accounts must hold at least one account');
  const latency = options.network?.latencyMs ?? LATENCY_MS;
  if (!(latency >= 0))
    throw new OffhookError('OFFHOOK_OPTION_INVALID', 'network.latencyMs must be 0 or more');
  const numbers = options.numbers ?? [{ number: DEFAULT_NUMBER }];
  const office: Office = {
    clock,
    random: options.random,
    logger: options.logger ?? silentLogger,
    wire: createDelayLine(clock, latency),
    ticker: createTicker(clock),
    counters: { malformed: 0, unknown: 0 },
    faults: createExchangeFaults((number) => find(normaliseNumber(number))),
    keepAudio: options.keepAudio ?? true,
    accounts,
    numbers: new Map(numbers.map((owned) => [normaliseNumber(owned.number), owned.account ?? first.id])),
    find,
    report(event, ...args) {
      for (const listener of listeners[event]) {
        try {
          // Indexing by a type parameter loses which listener belongs to which arguments.
          (listener as (...values: typeof args) => void)(...args);
        } catch (error) {
          office.logger.error(
            { event, error: error instanceof Error ? error.name : 'unknown' },
            'a listener threw',
          );
        }
      }
    },
    planTransfer: options.onTransfer ?? (() => ({ outcome: 'completed' })),
  };
  return office;
}

/**
 * Creates a local exchange: control and media WebSockets, Call REST, scripted callers, measurement and faults.
 * Nothing is opened before `listen`.
 * @example
 * const exchange = createExchange({ clock: createSystemClock(), random: Math.random, port: 7070 });
 * const { url } = await exchange.listen();
 * const call = exchange.dial('07012341234', [waitForAgent(), say(question), waitForAgent(), hangUp()]);
 * const { status, duration } = await call.ended;
 * @throws OffhookError OFFHOOK_OPTION_INVALID
 */
export function createExchange(options: ExchangeOptions): Exchange {
  const listeners = createListeners();
  const office = createOffice(options, listeners, (number) => switchboard.find(number));
  const calls: LiveCall[] = [];
  const byId = new Map<string, LiveCall>();
  let answer: (info: OutboundInfo) => CalleeBehaviour = () => ({ outcome: 'answer' });

  const switchboard = createSwitchboard({
    clock: office.clock,
    wire: office.wire,
    logger: office.logger,
    counters: office.counters,
    takeover: options.takeover ?? 'close',
    receive(message, link) {
      const call = typeof message.callId === 'string' ? byId.get(message.callId) : undefined;
      if (call?.public.account === link.account && call.control(message)) return;
      if (message.event !== 'agent.hello') office.counters.unknown += 1;
    },
    changed: (number, state, code) =>
      office.report('agent', { number, state, ...(code === undefined ? {} : { code }) }),
  });
  const register = (seed: CallSeed): LiveCall => {
    const call = createCall(office, seed);
    calls.push(call);
    byId.set(call.public.id, call);
    forgetOldest(
      calls,
      options.keepCalls ?? KEPT,
      ({ over }) => over,
      (old) => byId.delete(old.public.id),
    );
    office.report('call', call.public);
    return call;
  };

  const app = createRest({
    office,
    calls: () => calls,
    originate(request) {
      const link = switchboard.find(request.from);
      return (
        link &&
        register({ direction: 'outbound', from: request.from, to: request.to, link, status: 'queued' })
      );
    },
    proceed(call, request) {
      const info = { id: call.public.id, ...request };
      startDialling(call, info, answer(info));
    },
  });
  const server = createExchangeServer({ office, app, switchboard, findCall: (id) => byId.get(id) });

  const exchange: Exchange = {
    async listen() {
      const host = options.host ?? '127.0.0.1';
      const port = await server.listen(options.port ?? 0, host);
      return { url: `http://${host}:${port}`, port };
    },
    async close() {
      for (const call of calls) call.abandon();
      office.ticker.stop();
      office.wire.stop();
      await server.close();
    },
    dial(to, script, { from = CALLER_NUMBER, keepAudio } = {}): ExchangeCall {
      const number = normaliseNumber(to);
      const link = switchboard.find(number);
      if (!link) throw new OffhookError('OFFHOOK_NUMBER_NOT_SERVED');
      const seed = { from, to: number, link, script, ...(keepAudio !== undefined && { keepAudio }) };
      const call = register({ ...seed, direction: 'inbound', status: 'ringing' });
      call.note('offered');
      const { account } = call.public;
      call.send({
        event: 'call.incoming',
        from,
        to: number,
        accountId: account,
        mediaUrl: call.issueMediaUrl(),
      });
      return call.public;
    },
    onOutbound(decide) {
      answer = decide;
    },
    calls: () => calls.map((call) => call.public),
    on(event, listener) {
      listeners[event].add(listener);
      return () => listeners[event].delete(listener);
    },
    serves: (number) => switchboard.find(normaliseNumber(number)) !== undefined,
    faults: office.faults,
    counters: office.counters,
  };
  if (options.localDialling) app.route('/local', createLocalApi(exchange));
  return exchange;
}
