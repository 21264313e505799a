/**
 * @module The laws of every step of a random call, seen from outside the chart: what the network was sent, what the
 * model was fed, what each order was about. The laws of `test/model` hold here too, after each step with its orders.
 */
import type { Chunk } from '../../src/audio/chunk.ts';
import { isFromSession } from '../../src/machines/call/context.ts';
import type { ChartStep } from '../../src/runtime/switchboard.ts';
import { checkStep, type Step, tagOf } from '../model/invariants.ts';
import type { Order, Snapshot } from '../model/rig.ts';
import { FRAME_MS } from './network.ts';
import { isTogether } from './silence.ts';

export interface Laws {
  /** The first law that was broken, if any. */
  readonly failure: string | undefined;
  /** Orders given so far. */
  readonly orders: number;
  broken(law: string): void;
  opened(port: string, again: boolean): void;
  /** A step of the call chart, then what it ordered, then the moment all of that has gone out. */
  stepped(step: ChartStep): void;
  ordered(order: Order): void;
  settled(): void;
  /** The media plane is about to follow these tags. */
  steering(snapshot: Snapshot): void;
  /** A frame of the caller's leaves, arrives at the model; a chunk of the agent's arrives at the network. */
  framed(at: number): void;
  fed(chunk: Chunk): void;
  played(chunk: Chunk): void;
}

/** Frames that the buffer holds: four seconds. */
const KEPT = 4_000 / FRAME_MS;

/** What was cut is cancelled at the model, what was taken back is withdrawn there. */
function takenBackBreach({ before, after, event, orders }: Step): string | undefined {
  if (after.context.connection === 0) return undefined;
  const told = (type: string, key: 'gen' | 'request', number: number): boolean =>
    orders.some(({ to, order }) => to === 'session' && order.type === type && order[key] === number);
  for (const { gen, kind, phase } of after.context.cutting) {
    if (phase === 'done' || !isFromSession(kind) || before.context.cutting.some((entry) => entry.gen === gen))
      continue;
    if (!told('cancel', 'gen', gen)) return `generation ${gen} is cut, and the model speaks on`;
  }
  if (event.type.startsWith('gen.')) return undefined;
  const gone = before.context.asked.find(
    ({ request, kind }) =>
      isFromSession(kind) && !after.context.asked.some((entry) => entry.request === request),
  );
  return gone && !told('withdraw', 'request', gone.request)
    ? `request ${gone.request} is forgotten, and the model still works on it`
    : undefined;
}

/** A port lives as long as its work, and no longer. */
function portBreach({ after, open }: Step): string | undefined {
  const needed: Readonly<Record<string, boolean>> = {
    screen: after.matches({ ringing: 'screening' }),
    start: after.context.started === 'running',
    limit: after.matches('live'),
  };
  const idle = Object.keys(needed).find((port) => open.has(port) && !needed[port]);
  return idle && `port ${idle} is open and has nothing to do`;
}

/** What was heard before a loss, or before nobody listened, holds no floor afterwards. */
function floorBreach({ before, after, event }: Step): string | undefined {
  if (!after.matches('live')) return undefined;
  const isNew = event.type === 'session.ready' || event.type === 'session.lost';
  const isLeft = before.hasTag('hear.live') && !after.hasTag('hear.live');
  return (isNew || isLeft) && !after.matches({ live: { floor: 'quiet' } })
    ? 'a voice from before holds the floor'
    : undefined;
}

export function createLaws(open: ReadonlySet<string>): Laws {
  let failure: string | undefined;
  let step: ChartStep | undefined;
  let orders: Order[] = [];
  let given = 0;
  let lastBegun = 0;
  let hear = 'drop';
  let away = false;
  let together = false;
  /** Generations that were cut or have drained: nothing more of them may be sent. */
  const over = new Set<number>();
  /** The same before this step: nothing of them has any effect, but for the report of the cut. */
  const past = new Set<number>();
  const tools = new Set<string>();
  /** Frames of the caller's that the model must get next, and those that are kept for it. */
  const due: number[] = [];
  let kept: number[] = [];

  const broken = (law: string): void => void (failure ??= law);

  const judge = ({ before, after, event }: ChartStep): void => {
    const { gen, type } = event as Order['order'];
    if (gen !== undefined && type !== 'playout.cut' && past.has(gen))
      return broken(`${type} of a generation that is over has an effect`);
    if (type === 'playout.drained') over.add(gen!);
    const { connection } = before.context as Snapshot['context'];
    if (type === 'tool.done' && connection > 0 && !orders.some(({ order }) => order.type === 'toolResult'))
      return broken('the result of a tool is lost');
    // The end is judged once everything has been taken apart.
    if (after.status === 'done') return undefined;
    const given: Step = {
      before: before as Snapshot,
      after: after as Snapshot,
      event,
      orders,
      open,
      pending: 0,
    };
    const breach = takenBackBreach(given) ?? portBreach(given) ?? floorBreach(given);
    if (breach) return broken(breach);
    try {
      checkStep(given);
    } catch (error) {
      broken((error as Error).message);
    }
  };

  const laws: Laws = {
    get failure() {
      return failure;
    },
    get orders() {
      return given;
    },
    broken,
    opened(port, again) {
      if (again) broken(`port ${port} is opened twice`);
      if (!port.startsWith('tool:')) return;
      if (tools.has(port)) broken(`${port} runs twice`);
      tools.add(port);
    },
    stepped(next) {
      if (next.stale === undefined) step = next;
    },
    ordered(entry) {
      orders.push(entry);
      given += 1;
      const { type, gen = 0 } = entry.order;
      if (entry.to !== 'leg') return;
      if (type === 'begin') {
        if (gen <= lastBegun) broken(`generation ${gen} is begun after ${lastBegun}`);
        lastBegun = gen;
      }
      if (type === 'flush') for (let cut = gen; cut <= lastBegun; cut += 1) over.add(cut);
    },
    settled() {
      const judged = step;
      step = undefined;
      if (judged) judge(judged);
      if (past.size < over.size) for (const gen of over) past.add(gen);
      orders = [];
    },
    steering(snapshot) {
      const next = tagOf(snapshot, 'hear.');
      away = snapshot.hasTag('away');
      together = isTogether(snapshot);
      if (away && (next !== 'drop' || tagOf(snapshot, 'speak.') !== 'drop'))
        broken('a gate is open while away');
      if (next === hear) return;
      hear = next;
      if (next === 'live') due.push(...kept);
      if (next !== 'buffer') kept = [];
    },
    framed(at) {
      if (due.length > 0) broken(`a frame of the caller's from ${due[0]} ms is lost`);
      if (hear === 'live') due.push(at);
      if (hear === 'drop' && together) broken('the caller talks to the agent and is not heard');
      if (hear === 'buffer') kept = [...kept, at].slice(-KEPT);
    },
    fed({ at }) {
      const next = due.shift();
      if (next !== at) broken(`the model hears the caller's frame of ${at} ms, not that of ${next} ms`);
    },
    played({ gen }) {
      if (over.has(gen)) broken(`audio of generation ${gen} reaches the network after its end`);
      if (away) broken(`audio of generation ${gen} is sent to somebody who is away`);
    },
  };
  return laws;
}
