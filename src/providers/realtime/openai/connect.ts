/**
 * @module The socket, opened by the vendor's SDK and its authentication. Messages are read and written here, since most
 * are audio that needs no parser, and the end of a connection is noticed by our clock. The SDK never reconnects.
 */
import net from 'node:net';
import type { OpenAI } from 'openai';
import type { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { ClientOptions } from 'ws';
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { base64Of, type Chunk } from '../../../audio/chunk.ts';
import { OffhookError } from '../../../errors.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { readWholeFrames } from '../../../runtime/frame-reader.ts';
import { FrameWriter } from '../../../runtime/frame-writer.ts';
import { trackWork } from '../../../runtime/work.ts';
import { APPEND_HEAD, APPEND_TAIL, type AudioDelta, readAudioDelta, readType } from './delta.ts';
import { type Fields, parseObject } from './fields.ts';
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
  /** Messages of this type need not be read. */
  readonly ignores: (type: string) => boolean;
  /** Any other message but audio; its fields are unchecked. */
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

const READING = { masked: false, longest: LARGEST_MESSAGE } as const;

// Five seconds of the caller's audio: what has not left by then is heard too late to be answered.
const LONGEST_BACKLOG = 64 * 1024;

// A burst leaves a line that works within this; one that is still behind does not read as fast as a caller speaks.
const BEHIND_FOR = 4_000;

const OPEN = 1;

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
  const client = clientOf(sdk, apiKey, baseUrl.href);
  const rt = new sdk.OpenAIRealtimeWS({ model, reconnect: false, options: socketOptions(baseUrl) }, client);
  const { socket } = rt;
  let isClosed = false;
  /** From the upgrade on. */
  let frames: FrameWriter | undefined;
  let behindSince: number | undefined;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    pulse.stop();
    frames?.send();
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
  socket.on('upgrade', (response) => {
    frames = new FrameWriter(response.socket, true);
    socket.once('open', () => readWholeFrames(socket, response.socket, READING));
  });
  return {
    close,
    send(event) {
      if (socket.readyState === OPEN) frames?.gather(Buffer.from(JSON.stringify(event)));
    },
    append(chunk) {
      if (socket.readyState !== OPEN || !frames) return;
      const { backlog } = frames;
      if (backlog < LONGEST_BACKLOG / 4) behindSince = undefined;
      if (backlog > LONGEST_BACKLOG) behindSince ??= host.clock.now();
      if (behindSince !== undefined && host.clock.now() - behindSince > BEHIND_FOR) lose('backlog');
      else if (backlog <= LONGEST_BACKLOG) frames.write(APPEND_HEAD, base64Of(chunk), APPEND_TAIL);
    },
  };
}

interface Account {
  readonly sdk: Sdk;
  readonly apiKey: string;
  readonly address: string;
  readonly client: OpenAI;
}

let account: Account | undefined;

/** One client for all calls with the same key: it holds no connection, and one of their own would take 7 KB of each. */
function clientOf(sdk: Sdk, apiKey: string, address: string): OpenAI {
  if (account?.sdk !== sdk || account.apiKey !== apiKey || account.address !== address) {
    const client = new sdk.OpenAI({ apiKey, baseURL: address, maxRetries: 0 });
    account = { sdk, apiKey, address, client };
  }
  return account.client;
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

/**
 * Reads in place of the SDK: audio without a parser, the rest as it would, but without the two emitters that each
 * event goes through there, and nothing at all of what nobody waits for.
 */
function takeMessages(
  { socket }: OpenAIRealtimeWS,
  pulse: KeepAlive,
  host: LineHost,
  isClosed: () => boolean,
): void {
  socket.on('open', () => {
    if (isClosed()) return;
    pulse.start();
    host.opened();
  });
  socket.on('pong', () => pulse.beat());
  socket.removeAllListeners('message');
  socket.on('message', (data) => {
    if (isClosed()) return;
    pulse.beat();
    if (!Buffer.isBuffer(data)) return host.malformed();
    const delta = readAudioDelta(data);
    if (delta) return host.audio(delta);
    const type = readType(data);
    if (type !== undefined && host.ignores(type)) return;
    const event = parseObject(data);
    if (typeof event?.['type'] === 'string') host.event(event);
    else host.malformed();
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
