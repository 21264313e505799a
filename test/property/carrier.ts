/** @module A carrier: answers, plays generations one after another in real time, cuts at once, hangs up when told. */
import type { FakePort, Tell, Timing } from './world.ts';

interface Playing {
  finished: boolean;
  ms: number;
}

export interface CarrierHost {
  confirms(): boolean;
  /** A generation has begun to be heard. */
  heard(): void;
}

/** A reply's length, and a line's: what matters is that they take time, not how much. */
const LENGTH = 1_500;

export function createCarrier(
  tell: Tell,
  { clock, later }: Timing,
  takeGeneration: () => number,
  direction: 'inbound' | 'outbound',
  host: CarrierHost,
): FakePort {
  const playing = new Map<number, Playing>();
  const lines = new Set<number>();
  let queueEnd = 0;
  let hungUp = false;

  const answer = (): void => {
    tell({ type: 'leg.answered' });
    later(20, () => tell({ type: 'leg.mediaStarted', epoch: 1 }));
  };
  if (direction === 'outbound') {
    later(300, () => tell({ type: 'leg.ringing' }));
    later(2_000, answer);
  }

  const finish = (gen: number): void => {
    const entry = playing.get(gen);
    if (!entry || entry.finished) return;
    entry.finished = true;
    queueEnd = Math.max(queueEnd, clock.now()) + entry.ms;
    later(queueEnd - clock.now(), () => {
      if (!playing.delete(gen)) return;
      tell({ type: 'playout.drained', gen, playedMs: entry.ms, method: 'mark' });
    });
  };

  const begin = (gen: number): void => {
    playing.set(gen, { finished: false, ms: LENGTH });
    if (!lines.delete(gen)) return;
    host.heard();
    tell({ type: 'gen.audio', gen });
    tell({ type: 'gen.done', gen, audioMs: LENGTH, tools: 0, reason: 'completed' });
  };

  const flush = (from: number): void => {
    queueEnd = clock.now();
    for (const gen of playing.keys()) {
      if (gen < from) continue;
      playing.delete(gen);
      tell({ type: 'playout.cut', gen, playedMs: 100, method: 'estimated' });
    }
  };

  return {
    order(order) {
      const gen = Number(order['gen']);
      if (order.type === 'accept' && direction === 'inbound') later(30, answer);
      if (order.type === 'begin') begin(gen);
      if (order.type === 'finish') finish(gen);
      if (order.type === 'flush') flush(gen);
      if (order.type === 'play') {
        const line = takeGeneration();
        lines.add(line);
        tell({ type: 'gen.started', gen: line, request: order['request'] });
      }
      if (order.type === 'hangup' && host.confirms() && !hungUp) {
        hungUp = true;
        later(50, () => tell({ type: 'leg.ended', status: 'completed', durationMs: 1 }));
        later(60, () => tell({ type: 'leg.hangup', by: 'agent', status: 'completed' }));
      }
    },
  };
}
