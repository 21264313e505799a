/** @module The parts that the concerns of a call share, over a leg that only takes notes. */
import type { Chunk } from '../../src/audio/chunk.ts';
import { type CallCounters, type CallParts, createCounters } from '../../src/runtime/assemble/parts.ts';
import { latchClock } from '../../src/runtime/clock.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { createRecord } from '../../src/runtime/record.ts';
import { createScope } from '../../src/runtime/scope.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { CallInfo, Leg, LegCapabilities, LegSink } from '../../src/transport/contract.ts';

const INFO: CallInfo = {
  id: 'CA1',
  transport: 'fake',
  direction: 'inbound',
  from: 'caller',
  to: 'agent',
  callerIdRestricted: false,
};

export const CAN: LegCapabilities = {
  codec: 'ulaw',
  pacing: 'carrier',
  marks: 'echo-on-clear',
  clear: true,
  digitsIn: true,
  digitsOut: true,
  transfer: undefined,
  amd: false,
  notices: true,
};

/** A line whose far end is the test. */
export interface FakeLeg extends Leg {
  /** Orders in the order they came: `play GEN MS`, `mark NAME`, `clear`, … */
  readonly log: string[];
  readonly played: Chunk[];
  /** Where the line delivers, once started. */
  readonly sink: LegSink;
}

export function createFakeLeg(can: Partial<LegCapabilities> = {}): FakeLeg {
  const log: string[] = [];
  const played: Chunk[] = [];
  let sink: LegSink | undefined;
  return {
    info: INFO,
    can: { ...CAN, ...can },
    log,
    played,
    get sink() {
      if (!sink) throw new Error('the leg was not started');
      return sink;
    },
    start: (given) => void (sink = given),
    accept: () => void log.push('accept'),
    reject: ({ cause, code }) => void log.push(`reject ${cause} ${code}`),
    play(chunk) {
      played.push(chunk);
      log.push(`play ${chunk.gen} ${chunk.ms}`);
      return true;
    },
    mark: (name) => void log.push(`mark ${name}`),
    clear: () => void log.push('clear'),
    sendDigits: async (keys) => void log.push(`digits ${keys}`),
    transfer: (request) => void log.push(`transfer ${request.request}`),
    hangup: () => void log.push('hangup'),
    notify: (kind) => void log.push(`notify ${kind}`),
    close: () => void log.push('close'),
  };
}

export interface FakeCall {
  readonly parts: CallParts;
  readonly clock: VirtualClock;
  readonly leg: FakeLeg;
  readonly counters: CallCounters;
  /** Messages that were logged as a warning or an error. */
  readonly complaints: string[];
}

export function createFakeCall(can: Partial<LegCapabilities> = {}): FakeCall {
  const clock = createVirtualClock();
  const leg = createFakeLeg(can);
  const complaints: string[] = [];
  const note = (_fields: object, message: string): void => void complaints.push(message);
  const logger = { ...silentLogger, warn: note, error: note };
  const counters = createCounters();
  let gens = 100;
  const parts: CallParts = {
    id: INFO.id,
    info: INFO,
    leg,
    clock: latchClock(clock),
    raw: clock,
    scope: createScope(logger, INFO.id),
    logger,
    record: createRecord(),
    counters,
    spec: () => undefined,
    policy: () => {
      throw new Error('no policy is asked for here');
    },
    takeGeneration: () => (gens += 1),
  };
  return { parts, clock, leg, counters, complaints };
}
