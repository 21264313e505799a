/**
 * @module A telephone network at the far end of the real line: a queue that plays in real time, marks that come late,
 * twice or never, media that goes and comes back, a caller's frames. It counts what must never reach a caller.
 */
import { type Chunk, chunkOfBytes } from '../../src/audio/chunk.ts';
import type { CallInfo, Leg, LegCapabilities, LegFact, LegSink } from '../../src/transport/contract.ts';
import type { Timing } from './timing.ts';

export type MarkMood = 'prompt' | 'late' | 'lost' | 'twice';

export interface Network {
  readonly leg: Leg;
  marks: MarkMood;
  /** Whether an outbound call is picked up, an inbound one connected, as soon as it may be. */
  answers: boolean;
  /** Whether a hang-up of ours is confirmed. */
  confirms: boolean;
  /** Whether the caller's frames come, while there is media. */
  frames: boolean;
  /** Audio of the agent's is in the caller's ear, or about to be. */
  readonly sounds: boolean;
  /** When the caller last heard something of the agent's; never in the future. */
  readonly heardAt: number;
  /** When the agent last sent something, whether or not there was media to play it to. */
  readonly sentAt: number;
  press(key: string): void;
  /** The call is picked up, if it rings. */
  answer(): void;
  /** The network says something by itself. */
  tell(fact: LegFact): void;
  /** Media closes, `expected` where a transfer takes it away. */
  stopMedia(expected: boolean): void;
  startMedia(): void;
  hangUp(by: 'caller' | 'platform', status?: 'completed' | 'busy' | 'no-answer'): void;
}

export interface NetworkHost {
  /** A frame of the caller's leaves, `at` on the media axis. */
  framed(at: number): void;
  /** A chunk of the agent's arrives. */
  played(chunk: Chunk): void;
}

/** Two frames a second are enough to see order and losses by. */
export const FRAME_MS = 500;
/** How late a late mark is: the ledger waits for two seconds at the most. */
const LATE_MS = 1_700;
const FRAME = new Uint8Array(160);

const CAN: LegCapabilities = {
  codec: 'ulaw',
  pacing: 'carrier',
  marks: 'echo-on-clear',
  clear: true,
  digitsIn: true,
  digitsOut: true,
  transfer: undefined,
  amd: true,
  notices: false,
};

export function createNetwork(
  info: CallInfo,
  marks: LegCapabilities['marks'],
  { clock, later, cancelAll }: Timing,
  host: NetworkHost,
): Network {
  let sink: LegSink | undefined;
  let epoch = 0;
  let open = false;
  let rings = false;
  let over = false;
  let queueEnd = 0;
  let sentAt = 0;
  let frame = 0;
  const pending = new Set<string>();
  /** What was sent before there was any media waits at the leg. */
  const waiting: (() => void)[] = [];

  const whenConnected = (work: () => void): void => void (epoch === 0 ? waiting.push(work) : work());
  const tell = (fact: LegFact): void => sink?.fact(fact);
  const echo = (name: string): void => {
    if (open && pending.delete(name)) sink?.mark(name);
  };
  const dropQueue = (): void => {
    queueEnd = Math.min(queueEnd, clock.now());
  };
  const sendFrames = (of: number): void => {
    if (!open || of !== epoch) return;
    if (network.frames) {
      frame += 1;
      const at = frame * FRAME_MS;
      host.framed(at);
      sink?.audio({ ...chunkOfBytes(FRAME, 0, at), ms: FRAME_MS });
    }
    later(FRAME_MS, () => sendFrames(of));
  };
  const ring = (ms: number): void => {
    rings = true;
    later(ms, () => network.answers && network.answer());
  };

  const mark = (name: string): void => {
    if (network.marks === 'lost') return;
    pending.add(name);
    const due = Math.max(0, queueEnd - clock.now()) + (network.marks === 'late' ? LATE_MS : 0);
    later(due, () => echo(name));
    if (network.marks === 'twice') later(due + 40, () => open && sink?.mark(name));
  };

  const leg: Leg = {
    info,
    can: { ...CAN, marks },
    start(given) {
      sink = given;
      if (info.direction === 'inbound') return;
      later(300, () => tell({ type: 'leg.ringing' }));
      ring(2_000);
    },
    accept() {
      if (info.direction === 'inbound') ring(30);
    },
    reject() {},
    play(chunk) {
      host.played(chunk);
      sentAt = clock.now();
      whenConnected(() => {
        if (open) queueEnd = Math.max(queueEnd, clock.now()) + chunk.ms;
      });
      return true;
    },
    mark: (name) => whenConnected(() => mark(name)),
    clear() {
      waiting.length = 0;
      dropQueue();
      if (marks === 'echo-on-clear') for (const name of pending) later(20, () => echo(name));
      else pending.clear();
    },
    sendDigits: () => Promise.resolve(undefined),
    transfer() {},
    hangup() {
      if (!network.confirms || over) return;
      over = true;
      later(50, () => tell({ type: 'leg.ended', status: 'completed', durationMs: 1 }));
      later(60, () => tell({ type: 'leg.hangup', by: 'agent', status: 'completed' }));
    },
    notify() {},
    close() {
      over = true;
      open = false;
      cancelAll();
    },
  };

  const network: Network = {
    leg,
    marks: 'prompt',
    answers: true,
    confirms: true,
    frames: true,
    get sounds() {
      return open && queueEnd > clock.now();
    },
    get heardAt() {
      return Math.min(queueEnd, clock.now());
    },
    get sentAt() {
      return sentAt;
    },
    press: (key) => {
      if (open) sink?.digit(key);
    },
    tell,
    answer() {
      if (over || !rings) return;
      rings = false;
      tell({ type: 'leg.answered' });
      later(20, () => network.startMedia());
    },
    stopMedia(expected) {
      if (!open) return;
      open = false;
      pending.clear();
      dropQueue();
      tell({ type: 'leg.mediaStopped', epoch, expected });
    },
    startMedia() {
      if (open || over) return;
      open = true;
      epoch += 1;
      tell({ type: 'leg.mediaStarted', epoch });
      for (const work of waiting.splice(0)) work();
      sendFrames(epoch);
    },
    hangUp(by, status = 'completed') {
      over = true;
      tell({ type: 'leg.hangup', by, status });
    },
  };
  return network;
}
