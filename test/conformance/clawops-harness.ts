/** @module An agent reduced to what the transport sees of it: it takes every call and writes down every fact. */
import { expect } from 'vitest';
import type { OffhookError } from '../../src/errors.ts';
import type { Logger } from '../../src/runtime/logger.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type ClawopsOptions, type ClawopsTransport, clawops } from '../../src/transport/clawops/index.ts';
import type { DialRequest, Leg, LegFact, TransportHost } from '../../src/transport/contract.ts';
import { type OrderWatch, watchOrder } from './leg-order.ts';
import { type Platform, startPlatform } from './clawops-platform.ts';

export const NUMBER = '07012341234';
export const CALLER = '01012345678';
export const OPTIONS = { number: NUMBER, apiKey: 'sk_x', accountId: 'AC1' };

/** A leg with what it has delivered. */
export interface Heard {
  readonly leg: Leg;
  readonly facts: LegFact[];
  readonly types: () => string[];
  readonly audio: { at: number; ms: number; base64: string }[];
  readonly marks: string[];
  readonly digits: string[];
  readonly order: OrderWatch;
}

export interface Harness {
  readonly clock: VirtualClock;
  readonly platform: Platform;
  readonly transport: ClawopsTransport;
  readonly host: TransportHost;
  readonly calls: Heard[];
  readonly lost: OffhookError[];
  readonly logs: { level: string; fields: object; message: string }[];
  /** Runs on every incoming call, after it was started. */
  onIncoming: (call: Heard) => void;
  connect(): Promise<void>;
  /** A call rings; returns it as the agent has it. */
  ring(id: string, more?: object): Promise<Heard>;
  /** The same, accepted, with media flowing. */
  talk(id: string): Promise<Heard>;
  dial(request?: Partial<DialRequest>): Heard;
  /** A dialled call that the platform has queued as `id`. */
  place(id: string): Promise<Heard>;
  /** @throws AssertionError if a leg told something out of order */
  close(): Promise<void>;
}

/** Listens to a leg and starts it. */
export function follow(leg: Leg): Heard {
  const order = watchOrder(leg.info, {
    fact: (fact) => heard.facts.push(fact),
    audio: (chunk) =>
      heard.audio.push({ at: chunk.at, ms: chunk.ms, base64: Buffer.from(chunk.base64!).toString('latin1') }),
    mark: (name) => heard.marks.push(name),
    digit: (key) => heard.digits.push(key),
  });
  const heard: Heard = {
    leg,
    facts: [],
    types: () => heard.facts.map((fact) => fact.type),
    audio: [],
    marks: [],
    digits: [],
    order,
  };
  leg.start(order.sink);
  return heard;
}

/** A platform, a transport of one number and a host, on one virtual clock. */
export async function createHarness(options: Partial<ClawopsOptions> = {}): Promise<Harness> {
  const clock = createVirtualClock();
  const platform = await startPlatform();
  const logs: Harness['logs'] = [];
  const followed: Heard[] = [];
  const note =
    (level: string) =>
    (fields: object, message: string): void => {
      logs.push({ level, fields, message });
    };
  const logger: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  };
  let seed = 1;
  const host: TransportHost = {
    clock,
    logger,
    random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
    incoming: (leg) => {
      const call = follow(leg);
      followed.push(call);
      harness.calls.push(call);
      harness.onIncoming(call);
    },
    linkLost: (error) => harness.lost.push(error),
  };
  const transport = clawops({ ...OPTIONS, baseUrl: platform.url, ...options });
  const harness: Harness = {
    clock,
    platform,
    transport,
    host,
    calls: [],
    lost: [],
    logs,
    onIncoming: () => {},
    async connect() {
      const connected = transport.connect(host);
      await clock.run(0);
      await connected;
    },
    async ring(id, more = {}) {
      const mediaUrl = platform.mediaUrl(id);
      platform.control().send({ event: 'call.incoming', callId: id, from: CALLER, mediaUrl, ...more });
      await clock.run(0);
      return harness.calls.at(-1)!;
    },
    async talk(id) {
      const call = await harness.ring(id);
      call.leg.accept();
      await clock.run(0);
      platform.media().send(startMessage(id));
      await clock.run(0);
      return call;
    },
    dial(request = {}) {
      const call = follow(
        transport.dial({ to: CALLER, ringTimeout: 30_000, machineDetection: false, ...request }),
      );
      followed.push(call);
      return call;
    },
    async place(id) {
      const call = harness.dial();
      await clock.run(0);
      platform.requests.at(-1)!.answer(201, { callId: id, status: 'queued' });
      await clock.run(0);
      return call;
    },
    async close() {
      for (const { leg } of harness.calls) leg.close();
      await transport.close();
      await platform.close();
      expect(followed.flatMap(({ order }) => order.broken)).toEqual([]);
    },
  };
  return harness;
}

export function startMessage(call: string): object {
  return {
    event: 'start',
    sequenceNumber: '1',
    start: {
      streamId: `MZ${call}`,
      callId: call,
      accountId: 'AC1',
      tracks: ['inbound'],
      customParameters: {},
    },
  };
}

/** Caller audio as the platform writes it. */
export function mediaMessage(index: number, payload: string): string {
  return (
    `{"event":"media","sequenceNumber":"${index + 2}","media":{"track":"inbound","chunk":"${index + 1}",` +
    `"timestamp":"${index * 20}","payload":"${payload}"}}`
  );
}
