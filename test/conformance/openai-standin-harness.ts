/**
 * @module The vendor's own client on the stand-in, in virtual time: every server event with the time it came, and a
 * caller who sends 20 ms frames as a telephone does.
 */
import net from 'node:net';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type {
  RealtimeClientEvent,
  RealtimeServerEvent,
  RealtimeSessionCreateRequest,
} from 'openai/resources/realtime/realtime';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { hum } from '../../src/testing/openai/audio.ts';
import {
  type ConversationScript,
  createOpenAIStandIn,
  type OpenAIStandIn,
  type StandInOptions,
  type StandInSession,
} from '../../src/testing/openai/index.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';

type Type = RealtimeServerEvent['type'];
type OfType<T extends Type> = Extract<RealtimeServerEvent, { type: T }>;

export interface Client {
  readonly rt: OpenAIRealtimeWS;
  readonly events: { at: number; event: RealtimeServerEvent }[];
  /** What the client's own parser complained about, and error events. */
  readonly errors: { message: string; code: string | null; param: string | null; eventId: string | null }[];
  readonly closed: { code: number; reason: string; at: number }[];
  send(event: RealtimeClientEvent): void;
  types(): Type[];
  of<T extends Type>(type: T): OfType<T>[];
  at(type: Type): number[];
  /** Forgets what came so far. */
  forget(): void;
}

export interface Bench {
  readonly clock: VirtualClock;
  readonly standIn: OpenAIStandIn;
  readonly url: string;
  readonly port: number;
  /** The newest session. */
  readonly session: StandInSession;
  connect(apiKey?: string, model?: string): Promise<Client>;
  /** A client with telephone settings applied. */
  open(session?: Partial<RealtimeSessionCreateRequest>, detection?: Detection): Promise<Client>;
}

export type Detection = NonNullable<
  NonNullable<RealtimeSessionCreateRequest['audio']>['input']
>['turn_detection'];

export async function startBench(
  script: ConversationScript | StandInOptions['script'],
  options: Partial<StandInOptions> = {},
): Promise<Bench> {
  const clock = createVirtualClock();
  const standIn = createOpenAIStandIn({
    clock,
    script: typeof script === 'function' ? script : () => script,
    ...options,
  });
  const { url, port } = await standIn.listen();
  onTestFinished(() => standIn.close());
  const connect = async (apiKey = 'sk-test', model = 'gpt-realtime-2'): Promise<Client> => {
    const client = openClient(clock, url, port, apiKey, model);
    await clock.run(5);
    return client;
  };
  return {
    clock,
    standIn,
    url,
    port,
    get session() {
      return standIn.sessions.at(-1)!;
    },
    connect,
    async open(session = {}, detection = { type: 'server_vad' }) {
      const client = await connect();
      client.send({ type: 'session.update', session: { ...phone(detection), ...session } });
      await clock.run(5);
      client.forget();
      return client;
    },
  };
}

/** What a phone agent asks for: mu-law both ways, transcription on. */
export function phone(detection: Detection): RealtimeSessionCreateRequest {
  return {
    type: 'realtime',
    audio: {
      input: {
        format: { type: 'audio/pcmu' },
        transcription: { model: 'gpt-transcribe' },
        turn_detection: detection ?? null,
      },
      output: { format: { type: 'audio/pcmu' } },
    },
  };
}

function openClient(clock: VirtualClock, url: string, port: number, apiKey: string, model: string): Client {
  const openai = new OpenAI({ apiKey, baseURL: url });
  const createConnection = () => net.connect(port, '127.0.0.1');
  const rt = new OpenAIRealtimeWS({ model, options: { createConnection } }, openai);
  const client: Client = {
    rt,
    events: [],
    errors: [],
    closed: [],
    send: (event) => rt.send(event),
    types: () => client.events.map(({ event }) => event.type),
    of: <T extends Type>(type: T) =>
      client.events.map(({ event }) => event).filter((event): event is OfType<T> => event.type === type),
    at: (type) => client.events.filter(({ event }) => event.type === type).map(({ at }) => at),
    forget: () => {
      client.events.length = 0;
    },
  };
  rt.on('event', (event) => client.events.push({ at: clock.now(), event }));
  rt.on('error', (error) => {
    const { error: told, message } = error;
    const { code = null, param = null, event_id: eventId = null } = told ?? {};
    client.errors.push({ message: told?.message ?? message, code, param, eventId });
  });
  rt.socket.on('close', (code, reason) => {
    client.closed.push({ code, reason: reason.toString(), at: clock.now() });
  });
  return client;
}

/** A WebSocket without the vendor's client, for what that would never send. */
export async function openBare(
  bench: Bench,
): Promise<{ socket: WebSocket; received: RealtimeServerEvent[] }> {
  const address = `ws://127.0.0.1:${bench.port}/v1/realtime?model=gpt-realtime-2`;
  const socket = new WebSocket(address, {
    headers: { authorization: 'Bearer sk-test' },
    perMessageDeflate: false,
  });
  const received: RealtimeServerEvent[] = [];
  socket.on('message', (data: Buffer) => {
    const event: RealtimeServerEvent = JSON.parse(data.toString());
    received.push(event);
  });
  socket.on('error', () => {});
  await bench.clock.run(5);
  return { socket, received };
}

const loud = hum('x'.repeat(400));

/** Mu-law of a loud voice. */
export const voice = (ms: number): Uint8Array => loud.subarray(0, ms * 8);
/** Mu-law of a muted line. */
export const silence = (ms: number): Uint8Array => new Uint8Array(ms * 8).fill(0xff);

/** Sends audio as a carrier delivers it: one frame every `frameMs`, the first at once. */
export async function feed(bench: Bench, client: Client, audio: Uint8Array, frameMs = 20): Promise<void> {
  const size = frameMs * 8;
  for (let start = 0; start < audio.length; start += size) {
    append(client, audio.subarray(start, start + size));
    await bench.clock.run(frameMs);
  }
}

/** Sends audio in one message. */
export function append(client: Client, audio: Uint8Array): void {
  client.send({ type: 'input_audio_buffer.append', audio: Buffer.from(audio).toString('base64') });
}

/** One utterance: a second of voice, then silence until the detector gives the turn to the model. */
export async function utter(bench: Bench, client: Client): Promise<void> {
  await feed(bench, client, voice(1000));
  await feed(bench, client, silence(560));
}

/** The audio of all deltas, decoded and joined. */
export function heard(client: Client): Buffer {
  return Buffer.concat(
    client.of('response.output_audio.delta').map(({ delta }) => Buffer.from(delta, 'base64')),
  );
}
