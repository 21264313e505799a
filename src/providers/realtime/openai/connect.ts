/**
 * @module The socket, made by the vendor's SDK, with two things taken over: audio is read before the SDK parses
 * anything, and the end of a connection is noticed by our clock. The SDK never reconnects by itself.
 */
import net from 'node:net';
import type { OpenAI } from 'openai';
import type { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { ClientOptions, RawData } from 'ws';
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { Chunk } from '../../../audio/chunk.ts';
import { OffhookError } from '../../../errors.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { trackWork } from '../../../runtime/work.ts';
import { type AudioDelta, readAudioDelta, writeAppend } from './delta.ts';
import type { Fields } from './fields.ts';
import { type KeepAlive, keepAlive } from './keep-alive.ts';
import { isPlain, type ResolvedOptions } from './options.ts';

/** What is used of the optional package. */
export interface Sdk {
  readonly OpenAI: typeof OpenAI;
  readonly OpenAIRealtimeWS: typeof OpenAIRealtimeWS;
}

async function importSdk(): Promise<Sdk> {
  const [core, realtime] = await Promise.all([import('openai'), import('openai/realtime/ws')]);
  return { OpenAI: core.OpenAI, OpenAIRealtimeWS: realtime.OpenAIRealtimeWS };
}

let loaded: Promise<Sdk> | undefined;

/**
 * Loads the `openai` package once per process.
 * @throws OffhookError OFFHOOK_DEPENDENCY_MISSING where it is not installed or cannot be loaded.
 */
export function loadSdk(load: () => Promise<Sdk> = importSdk): Promise<Sdk> {
  loaded ??= trackWork(load()).catch((cause: unknown) => {
    // Not remembered: it may be installed while a development server runs.
    loaded = undefined;
    throw new OffhookError(
      'OFFHOOK_DEPENDENCY_MISSING',
      'openaiRealtime needs the package "openai": npm install openai',
      { cause },
    );
  });
  return loaded;
}

export interface LineHost {
  readonly clock: Clock;
  /** The handshake is done. */
  readonly opened: () => void;
  /** Any message but audio; its fields are unchecked. */
  readonly event: (event: Fields) => void;
  readonly audio: (delta: AudioDelta) => void;
  /** A frame that is no message. */
  readonly malformed: () => void;
  /** The connection is gone or never was. At most once, and not after `close`. */
  readonly lost: (code: string, retryable: boolean) => void;
}

/** One socket. Nothing is sent unless it is open. */
export interface Line {
  send(event: RealtimeClientEvent): void;
  append(chunk: Chunk): void;
  close(): void;
}

// Three quarters of a minute of audio; more in one message is a fault, and a call may not cost that much memory.
const LARGEST_MESSAGE = 512 * 1024;

// Five seconds of the caller's audio: what has not left by then is heard too late to be answered.
const LONGEST_BACKLOG = 64 * 1024;

// A burst leaves a line that works within this; one that is still behind does not read as fast as a caller speaks.
const BEHIND_FOR = 4_000;

const OPEN = 1;

const AUDIO_FRAME = { binary: false, compress: false } as const;

/**
 * Connects in the background. The codes of `lost`: OFFHOOK_AUTH_REFUSED (401, 403; not retryable), `http_<status>`,
 * `network_<errno>`, `closed_<close code>`, `no_pong`, `backlog`. After the last two, nobody knows what got through.
 * @throws whatever the SDK refuses at once, such as a key that cannot be a header value.
 */
export function openLine(
  sdk: Sdk,
  { apiKey, baseUrl, model }: Pick<ResolvedOptions, 'apiKey' | 'baseUrl' | 'model'>,
  host: LineHost,
): Line {
  const client = new sdk.OpenAI({ apiKey, baseURL: baseUrl.href, maxRetries: 0 });
  const rt = new sdk.OpenAIRealtimeWS({ model, reconnect: false, options: socketOptions(baseUrl) }, client);
  const { socket } = rt;
  let isClosed = false;
  let behindSince: number | undefined;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    pulse.stop();
    if (socket.readyState === OPEN) socket.close(1000);
    // A vendor that does not answer the close would keep the socket for another 30 s of wall time.
    socket.terminate();
  };
  const lose = (code: string, retryable = true): void => {
    if (isClosed) return;
    close();
    host.lost(code, retryable);
  };
  const pulse = keepAlive(
    host.clock,
    () => socket.ping(),
    () => lose('no_pong'),
  );
  watch(rt, lose);
  takeMessages(rt, pulse, host, () => isClosed);
  return {
    close,
    send(event) {
      if (socket.readyState === OPEN) rt.send(event);
    },
    append(chunk) {
      if (socket.readyState !== OPEN) return;
      const { bufferedAmount } = socket;
      if (bufferedAmount < LONGEST_BACKLOG / 4) behindSince = undefined;
      if (bufferedAmount > LONGEST_BACKLOG) behindSince ??= host.clock.now();
      if (behindSince !== undefined && host.clock.now() - behindSince > BEHIND_FOR) lose('backlog');
      else if (bufferedAmount <= LONGEST_BACKLOG) socket.send(writeAppend(chunk), AUDIO_FRAME);
    },
  };
}

/** Turns every way in which a connection can end or fail to begin into one code. */
function watch(rt: OpenAIRealtimeWS, lose: (code: string, retryable?: boolean) => void): void {
  const { socket } = rt;
  // Also without purpose: an error that nobody listens for ends the process. What it says comes by other ways.
  rt.on('error', () => {});
  socket.on('unexpected-response', (_request, response) => {
    const status = response.statusCode ?? 0;
    if (status === 401 || status === 403) lose('OFFHOOK_AUTH_REFUSED', false);
    else lose(`http_${status}`);
  });
  socket.on('error', (error: NodeJS.ErrnoException) =>
    lose(`network_${(error.code ?? 'error').toLowerCase()}`),
  );
  socket.on('close', (code) => lose(`closed_${code}`));
}

/** Puts our listener before the SDK's: audio goes past it, everything else through it. */
function takeMessages(rt: OpenAIRealtimeWS, pulse: KeepAlive, host: LineHost, isClosed: () => boolean): void {
  const { socket } = rt;
  const listeners = socket.listeners('message') as ((data: RawData, isBinary: boolean) => void)[];
  let understood = false;
  // The union of all events promises fields that a message need not have; the reader checks each.
  rt.on('event', (event) => {
    understood = true;
    host.event(event as unknown as Fields);
  });
  socket.on('open', () => {
    if (isClosed()) return;
    pulse.start();
    host.opened();
  });
  socket.on('pong', () => pulse.beat());
  socket.removeAllListeners('message');
  socket.on('message', (data, isBinary) => {
    if (isClosed()) return;
    pulse.beat();
    const delta = Buffer.isBuffer(data) ? readAudioDelta(data) : undefined;
    if (delta) return host.audio(delta);
    understood = false;
    for (const listen of listeners) listen.call(socket, data, isBinary);
    if (!understood) host.malformed();
  });
}

function socketOptions(url: URL): ClientOptions {
  const options: ClientOptions = { perMessageDeflate: false, maxPayload: LARGEST_MESSAGE };
  if (!isPlain(url)) return options;
  // The SDK makes every address wss; a plain one is reached by giving it a plain socket.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  options.createConnection = () => net.connect(Number(url.port) || 80, host);
  return options;
}
