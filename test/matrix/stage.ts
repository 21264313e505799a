/**
 * @module The world of one cell: exchange, model and agent over real sockets with the network under the agent's own
 * in the test's hand, and everything that says where the three charts stand.
 */
import type { ExchangeCall } from '../../src/exchange/index.ts';
import type { CallHandle } from '../../src/index.ts';
import { createMemoryTracing, type MemoryTracing } from '../../src/trace/memory.ts';
import type { TracerProvider } from '@opentelemetry/api';
import type { Logger } from '../../src/runtime/logger.ts';
import { NUMBER, openWorld, type World } from '../world.ts';
import { forgetStores, storedBytes } from './buffers.ts';
import { modelOf, type Scene } from './scenes.ts';
import { type Standing, stands } from './states.ts';
import { probing } from './talk.ts';
import { KINDS, type Wires, watchWires } from './wires.ts';

export interface Stage {
  readonly world: World;
  readonly wires: Wires;
  readonly tracing: MemoryTracing;
  /** The call as the other end has it; undefined while it is being placed. */
  readonly call: ExchangeCall | undefined;
  /** Not before the call was announced. */
  readonly handle: CallHandle;
  /** When the fault was; Infinity before. */
  faultAt: number;
  /** Most bytes held at any moment: in the call's sockets and in all its stores. */
  readonly peak: number;
  /** Takes a sample; every write of the runtime takes one too. */
  measure(): void;
  isIn(state: string): boolean;
  sleep(ms: number): Promise<void>;
  /** Rings, or is rung. */
  begin(): void;
}

const LINK_STATE = 'clawops: link';

/** Opens the world of a scene. Nobody has called yet. */
export async function openStage(scene: Scene): Promise<Stage> {
  forgetStores();
  let world: World | undefined;
  const standing = { link: 'idle', session: new Set(['upkeep.idle', 'response.none']) };
  const wires = watchWires(() => world!.clock);
  const tracing = createMemoryTracing();
  let call: ExchangeCall | undefined;
  let handle: CallHandle | undefined;
  let peak = 0;
  const measure = (): void => {
    let bytes = storedBytes();
    for (const wire of wires.all) bytes += wire.held;
    peak = Math.max(peak, bytes);
  };
  const options = scene.world?.(() => stage) ?? {};
  const stage: Stage = {
    get world() {
      return world!;
    },
    wires,
    tracing,
    get call() {
      return (call ??= world!.exchange.calls()[0]);
    },
    get handle() {
      return (handle ??= world!.agent.calls[0])!;
    },
    faultAt: Number.POSITIVE_INFINITY,
    get peak() {
      measure();
      return peak;
    },
    measure,
    isIn(state) {
      if (!stage.handle) return false;
      const now: Standing = { ...standing, call: stage.handle?.state };
      return stands(now, state);
    },
    sleep: (ms) => new Promise((resolve) => world!.clock.setTimeout(resolve, ms)),
    begin() {
      const script = [...(scene.caller ?? []), ...probing(() => stage.faultAt)];
      if (!scene.outbound) {
        call = world!.dial(script);
        return;
      }
      world!.exchange.onOutbound(() => ({ outcome: 'answer', after: 1_000, script }));
      void world!.agent.call('01055550001').catch(() => undefined);
    },
  };
  wires.onWrite = measure;
  world = await openWorld({
    ...options,
    script: () => modelOf(scene),
    agent: {
      logger: followLink((state) => (standing.link = state)),
      tracing: { provider: followSession(tracing.provider, standing.session) },
      ...options.agent,
    },
  });
  scene.before?.(stage);
  return stage;
}

function followLink(entered: (state: string) => void): Logger {
  const listen = (fields: object, message: string): void => {
    if (message === LINK_STATE && 'state' in fields) entered(String(fields.state));
  };
  return { debug() {}, info: listen, warn() {}, error() {} };
}

/** Keeps `states` as the session chart stands, by what the call's span is told of it. */
function followSession(provider: TracerProvider, states: Set<string>): TracerProvider {
  const enter = (entered: string): void => {
    for (const state of entered.split(' ')) {
      const [region = ''] = state.split('.');
      for (const other of states) if (other.startsWith(`${region}.`)) states.delete(other);
      states.add(state);
    }
  };
  return {
    getTracer(...given) {
      const tracer = provider.getTracer(...given);
      return {
        startActiveSpan: tracer.startActiveSpan.bind(tracer),
        startSpan(...named) {
          const span = tracer.startSpan(...named);
          const add = span.addEvent.bind(span);
          span.addEvent = (name, attributes, time) => {
            const about = attributes as Record<string, unknown> | undefined;
            if (about?.['offhook.chart'] === 'session') enter(String(about['offhook.state']));
            return add(name, attributes, time);
          };
          return span;
        },
      };
    },
  };
}

/** What a call leaves behind once it is over: nothing. */
export function leftBy({ world, wires, tracing }: Stage): string[] {
  const left = KINDS.filter((kind) => kind !== 'control').flatMap((kind) => {
    const open = wires.all.filter((wire) => wire.kind === kind && wire.open).length;
    return open === 0 ? [] : [`${open} ${kind} socket(s)`];
  });
  const spans = tracing.spans().filter(({ ended, ends }) => !ended || ends !== 1);
  if (spans.length > 0) left.push(`spans ${spans.map(({ name }) => name).join(', ')}`);
  if (world.agent.calls.length > 0) left.push('the call');
  if (world.standIn.counters.open > 0) left.push(`${world.standIn.counters.open} model session(s)`);
  return left;
}

export { NUMBER };
