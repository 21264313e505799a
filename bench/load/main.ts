/**
 * @module The load, a process of its own: N callers and the model they talk to, both ends on one clock. Told by the
 * runner whom to call and when to count.
 */
import { Caller, FRAME_MS } from './caller.ts';
import type { Span } from '../quiet.ts';
import { Line } from './model.ts';
import { type LoadReading, tally } from './tally.ts';
import { listen } from './wire.ts';

export type LoadOrder =
  | { readonly do: 'call'; readonly url: string; readonly from: number; readonly to: number }
  | { readonly do: 'reset' }
  | { readonly do: 'read'; readonly quiet: readonly Span[] }
  | { readonly do: 'hangUp' };

export type LoadAnswer =
  | { readonly kind: 'ready'; readonly model: string }
  | { readonly kind: 'reading'; readonly reading: LoadReading }
  /** Nanoseconds of `process.hrtime`, which all processes of a machine share. */
  | { readonly kind: 'firstAudio'; readonly at: string };

const callers = new Map<number, Caller>();
const lines = new Set<Line>();
/** Who is served in which millisecond of the 20 in a frame, so that frames come evenly and not in a burst. */
const callerSlots: Caller[][] = Array.from({ length: FRAME_MS }, () => []);
const lineSlots: Set<Line>[] = Array.from({ length: FRAME_MS }, () => new Set());

const answer = (message: LoadAnswer): void => void process.send?.(message);

function call(url: string, from: number, to: number): void {
  for (let id = from; id < to; id += 1) {
    const caller = new Caller(id);
    callers.set(id, caller);
    callerSlots[(id * 7) % FRAME_MS]!.push(caller);
    caller.dial(url);
  }
}

function read(quiet: readonly Span[]): void {
  const open = [...callers.values()].filter(({ isOpen }) => isOpen).length;
  answer({ kind: 'reading', reading: tally.read(open, quiet) });
}

function hangUp(): void {
  for (const caller of callers.values()) caller.hangUp();
  setTimeout(() => process.exit(0), 200);
}

process.on('message', (order: LoadOrder) => {
  if (order.do === 'call') call(order.url, order.from, order.to);
  else if (order.do === 'reset') tally.reset();
  else if (order.do === 'read') read(order.quiet);
  else hangUp();
});
process.on('disconnect', () => process.exit(0));

let opened = 0;
const port = await listen((socket) => {
  const slot = lineSlots[(opened * 7 + 3) % FRAME_MS]!;
  opened += 1;
  const line: Line = new Line(socket, opened, callers, () => {
    lines.delete(line);
    slot.delete(line);
  });
  lines.add(line);
  slot.add(line);
});
answer({ kind: 'ready', model: `http://127.0.0.1:${port}/v1` });

// The schedule is absolute: a tick that comes late is made up for, and how late it was is reported.
const began = performance.now();
let ticks = 0;
let reported = false;
setInterval(() => {
  const time = performance.now() - began;
  if (time > ticks + 1) tally.late.record(time - ticks);
  for (; ticks <= time; ticks += 1) {
    for (const caller of callerSlots[ticks % FRAME_MS]!) caller.tick();
    for (const line of lineSlots[ticks % FRAME_MS]!) line.tick();
  }
  const first = reported ? undefined : callers.get(0)?.firstAudio;
  if (first === undefined) return;
  reported = true;
  answer({ kind: 'firstAudio', at: String(first) });
}, 1);
