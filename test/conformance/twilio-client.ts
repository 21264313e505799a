/**
 * @module A bare client of the Twilio transport: it sends any request and any handshake, right or wrong. For behaviour
 * there is the stand-in.
 */
import http from 'node:http';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { createRandom } from '../../src/runtime/ids.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Leg, LegFact } from '../../src/transport/contract.ts';
import type { TwilioOptions, TwilioTransport } from '../../src/transport/twilio/index.ts';
import { type FormFields, signRequest } from '../../src/transport/twilio/signature.ts';
import { type OrderWatch, watchOrder } from './leg-order.ts';
import { AUTH_TOKEN, createPhone, PUBLIC_URL } from './twilio-harness.ts';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: FormFields;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** A media connection as its client sees it. */
export interface Stream {
  readonly socket: WebSocket;
  /** HTTP status of a handshake that was refused. */
  refused: number | undefined;
  /** Close code. */
  closed: number | undefined;
  readonly received: Record<string, unknown>[];
  send(message: object): void;
}

export interface Rung {
  readonly leg: Leg;
  readonly facts: LegFact[];
  /** Where on the media axis each frame of audio was. */
  readonly heard: number[];
  /** Marks and keys. */
  readonly noted: string[];
  readonly order: OrderWatch;
}

export interface Client {
  readonly clock: VirtualClock;
  readonly phone: TwilioTransport;
  readonly calls: Rung[];
  readonly logs: { readonly fields: object; readonly message: string }[];
  /** What the host does with a call that rings. Default: takes it. */
  decide: (leg: Leg) => void;
  /** Sends a request; the signature is right unless `headers` says otherwise. @returns hangs up on it */
  ask(request: Asked, answered: (answer: Answer) => void): Promise<() => void>;
  /** The same, and waits for the answer. */
  request(request: Asked): Promise<Answer>;
  /** A webhook about a ringing call. @returns the stream's token, if there is one */
  announce(fields?: Readonly<Record<string, string>>): Promise<string | undefined>;
  /** Opens a media connection. @param headers default: the right signature */
  stream(path?: string, headers?: Readonly<Record<string, string>>): Promise<Stream>;
  /** The same, with a `start`. */
  start(callSid: string, parameters?: Readonly<Record<string, string>>, more?: object): Promise<Stream>;
  /** @throws AssertionError if a leg told something out of order */
  close(): Promise<void>;
}

export const CALL = {
  CallSid: 'CA1',
  From: '+821012345678',
  To: '+827012340001',
  CallStatus: 'ringing',
  Direction: 'inbound',
};

/** A connected transport, a host that takes every call and writes down its facts, and a client. */
export async function openClient(options: TwilioOptions = {}): Promise<Client> {
  const clock = createVirtualClock();
  const phone = createPhone(options);
  const calls: Rung[] = [];
  const logs: Client['logs'] = [];
  const note = (fields: object, message: string): void => void logs.push({ fields, message });
  const streams: Stream[] = [];
  const connected = phone.connect({
    clock,
    logger: { debug: note, info: note, warn: note, error: note },
    random: createRandom(1),
    incoming(leg) {
      const order = watchOrder(leg.info, {
        fact: (fact) => void call.facts.push(fact),
        audio: ({ at }) => void call.heard.push(at),
        mark: (name) => void call.noted.push(name),
        digit: (key) => void call.noted.push(key),
      });
      const call: Rung = { leg, facts: [], heard: [], noted: [], order };
      calls.push(call);
      leg.start(order.sink);
      client.decide(leg);
    },
  });
  await clock.run(0);
  await connected;

  const client: Client = {
    clock,
    phone,
    calls,
    logs,
    decide: (leg) => leg.accept(),
    async ask({ method = 'POST', path = '/voice/incoming', fields, body, headers = {} }, answered) {
      const form = fields && formOf(fields);
      const type = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
      const all = {
        ...(form === undefined ? {} : type),
        'x-twilio-signature': signRequest(AUTH_TOKEN, PUBLIC_URL + path, fields ?? {}),
        ...headers,
      };
      const options = { host: '127.0.0.1', port: phone.port, method, path, headers: all, agent: false };
      const request = http.request(options, (response) => collect(response, answered));
      request.on('error', () => {});
      request.end(body ?? form);
      await clock.run(0);
      return () => void request.destroy();
    },
    async request(options) {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      await client.ask(options, resolve);
      return promise;
    },
    async announce(fields = {}) {
      const { body } = await client.request({ fields: { ...CALL, ...fields } });
      return /name="token" value="([^"]+)"/.exec(body)?.[1];
    },
    async stream(path = '/media-stream', headers) {
      const url = PUBLIC_URL.replace('https', 'wss') + path;
      const socket = new WebSocket(`ws://127.0.0.1:${phone.port}${path}`, {
        headers: headers ?? { 'x-twilio-signature': signRequest(AUTH_TOKEN, url) },
      });
      const stream = createStream(socket);
      streams.push(stream);
      await clock.run(0);
      return stream;
    },
    async start(callSid, parameters = {}, more = {}) {
      const stream = await client.stream();
      stream.send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
      stream.send(startOf(callSid, parameters, more));
      await clock.run(0);
      return stream;
    },
    async close() {
      for (const { leg } of calls) leg.close();
      for (const { socket } of streams) socket.terminate();
      const closing = phone.close();
      await clock.run(0);
      await closing;
      await clock.run(0);
      expect(calls.flatMap(({ order }) => order.broken)).toEqual([]);
    },
  };
  return client;
}

/** The first message of a stream that says anything. */
export function startOf(callSid: string, customParameters: object = {}, more: object = {}): object {
  const start = { streamSid: 'MZ1', callSid, tracks: ['inbound'], customParameters, ...more };
  return { event: 'start', sequenceNumber: '1', start, streamSid: 'MZ1' };
}

function formOf(fields: FormFields): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
  );
  return new URLSearchParams(pairs).toString();
}

function createStream(socket: WebSocket): Stream {
  const stream: Stream = {
    socket,
    refused: undefined,
    closed: undefined,
    received: [],
    send: (message) => socket.send(JSON.stringify(message)),
  };
  socket.on('message', (data: Buffer) => {
    stream.received.push(JSON.parse(data.toString()) as Record<string, unknown>);
  });
  socket.on('unexpected-response', (request, response) => {
    stream.refused = response.statusCode;
    request.destroy();
  });
  socket.on('close', (code) => (stream.closed = code));
  socket.on('error', () => {});
  return stream;
}

function collect(response: http.IncomingMessage, done: (answer: Answer) => void): void {
  const parts: Buffer[] = [];
  response.on('data', (part: Buffer) => parts.push(part));
  response.on('end', () => {
    const text = Buffer.concat(parts).toString();
    done({ status: response.statusCode ?? 0, headers: response.headers, body: text });
  });
}
