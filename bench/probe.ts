/**
 * @module Loaded into every subject under load (`--import`): answers the runner's questions about CPU and memory, so
 * that all are measured by the same lines. What costs something itself is switched on only in a window of its own.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Duplex } from 'node:stream';

export type ProbeOrder = { readonly probe: 'reset' | 'close' | 'read' | 'watch' | 'watched' };

/** `read`: CPU from `reset` to `close`, and memory once all garbage is gone. Memory in KB. */
export interface ProbeReading {
  readonly kind: 'probe';
  readonly cpuMs: number;
  /** From `reset` to `close`. */
  readonly ms: number;
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  /** What the event log took, where it is timed. */
  readonly logMs: number;
}

/** `watched`: since `watch`. Times in ms. */
export interface WatchReading {
  readonly kind: 'watched';
  readonly loopP99: number;
  /** From entering the handler of `speech_started` to having handed `clear` to the socket, each with when it ended. */
  readonly reactions: readonly (readonly [end: number, ms: number])[];
}

/** See log-hook.ts. */
const logMs = (): number => (globalThis as { benchLogMs?: number }).benchLogMs ?? 0;

let since = process.cpuUsage();
let resetAt = performance.now();
let logSince = 0;
const RESOLUTION = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
let reactions: [end: number, ms: number][] = [];
/** From the clock of this process to that of the machine. */
const ORIGIN = Number(process.hrtime.bigint()) / 1e6 - performance.now();
let entered = 0;
let watches = false;

/** Where the CPU profile of the window goes, if one is wanted. */
const profile = process.env['BENCH_PROFILE'];
const inspector = new Session();

function beginProfile(): void {
  inspector.connect();
  inspector.post('Profiler.enable');
  inspector.post('Profiler.setSamplingInterval', { interval: 200 });
  inspector.post('Profiler.start');
}

function endProfile(path: string): void {
  inspector.post('Profiler.stop', (_error, result) => {
    writeFileSync(path, JSON.stringify((result as { profile: object }).profile));
  });
}

const tell = (message: ProbeReading | WatchReading): void => void process.send?.(message);

/** What the window cost, taken before anything else is measured. */
interface Cost {
  readonly cpuMs: number;
  readonly ms: number;
  readonly logMs: number;
}

let cost: Cost | undefined;

function close(): void {
  const { user, system } = process.cpuUsage(since);
  cost = {
    cpuMs: (user + system) / 1_000,
    ms: performance.now() - resetAt,
    logMs: logMs() - logSince,
  };
  if (profile) endProfile(profile);
}

/** Last of all: a forced collection of everything would be felt in what is measured after it. */
function read(): void {
  // Twice: finalizers run between, and what they held goes with the second.
  for (let round = 0; round < 2; round += 1) globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  tell({
    kind: 'probe',
    ...(cost ?? { cpuMs: 0, ms: 0, logMs: 0 }),
    rss: rss / 1_024,
    heap: heapUsed / 1_024,
    external: external / 1_024,
  });
}

interface Socket {
  emit: (this: Socket, name: string, ...given: unknown[]) => boolean;
}

interface Connection {
  readonly writableCorked: number;
  write: (this: Connection, ...given: unknown[]) => boolean;
  uncork: (this: Connection) => void;
}

/** Whether a message, text or bytes, has this in it. Only short ones name an event; audio costs no search. */
function names(data: unknown, event: string, most: number): boolean {
  if (typeof data === 'string') return data.length < most && data.includes(event);
  return Buffer.isBuffer(data) && data.length < most && data.includes(event);
}

/** Audio and the mark behind it may leave in one write with the clear. */
const LONGEST_WRITE = 20_000;

/**
 * Watches the subject's own copy of `ws` for the moment a message's handlers are entered, and every connection for that
 * of a `clear`: after the write that it is in, and after what was held back has been let go.
 */
function watchSockets(): void {
  const resolve = createRequire(process.argv[1]!);
  const { WebSocket } = resolve('ws') as { WebSocket: { prototype: Socket } };
  const { emit } = WebSocket.prototype;
  WebSocket.prototype.emit = function (this: Socket, name, ...given) {
    if (name === 'message' && names(given[0], 'speech_started', 300)) entered = performance.now();
    return emit.call(this, name, ...given);
  };
  const connection = Duplex.prototype as unknown as Connection;
  const { write, uncork } = connection;
  let isHeldBack = false;
  const left = (): void => {
    const end = performance.now();
    reactions.push([ORIGIN + end, end - entered]);
    entered = 0;
    isHeldBack = false;
  };
  connection.write = function (this: Connection, ...given) {
    const taken = write.call(this, ...given);
    if (entered > 0 && names(given[0], '"clear"', LONGEST_WRITE)) {
      if (this.writableCorked > 0) isHeldBack = true;
      else left();
    }
    return taken;
  };
  connection.uncork = function (this: Connection) {
    uncork.call(this);
    if (isHeldBack && this.writableCorked === 0) left();
  };
}

// A runner that is gone leaves nobody behind.
process.on('disconnect', () => process.exit(0));
process.on('message', ({ probe }: ProbeOrder) => {
  if (probe === 'reset') {
    since = process.cpuUsage();
    resetAt = performance.now();
    logSince = logMs();
    if (profile) beginProfile();
  } else if (probe === 'close') close();
  else if (probe === 'read') read();
  else if (probe === 'watch') {
    if (!watches) watchSockets();
    watches = true;
    reactions = [];
    delay.enable();
    delay.reset();
  } else if (probe === 'watched') {
    delay.disable();
    // It tells how far apart its timer fired, of which the interval is no delay.
    tell({ kind: 'watched', loopP99: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION), reactions });
  }
});
