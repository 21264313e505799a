/**
 * @module The event log of a call: every event its charts were given, every order they gave, a hash of every
 * snapshot that changed. It holds no words, digits or numbers, and replaying it gives the same file again.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { createSnapshotHasher, type SnapshotHasher } from './snapshot-hash.ts';

export const LOG_FORMAT = 'offhook-call-log/2';

export interface LogHeader {
  readonly format: typeof LOG_FORMAT;
  /** Version of Offhook that wrote it. */
  readonly runtime: string;
  readonly call: string;
  /** Unix ms at `at` 0. */
  readonly epoch: number;
  /** Hash of each chart's definition: a changed chart is named before its first difference is. */
  readonly charts: Readonly<Record<string, string>>;
  /** The call chart's input, by value; read at the first flush, which is the chart's start. */
  readonly input: unknown;
}

/** `[at, chart, source, event]`, `[at, chart, 'order', to, order]` or `[at, chart, '#', hash]`. */
export type LogLine =
  | readonly [at: number, chart: string, source: string, event: EventObject]
  | readonly [at: number, chart: string, kind: 'order', to: string, order: EventObject]
  | readonly [at: number, chart: string, kind: '#', hash: string];

/** Where a log's text goes. One `write` per stimulus. */
export interface LogSink {
  write(text: string): void;
  close(): void;
}

/**
 * Takes what happens within one stimulus and writes it in one order, however the charts nested into each other while
 * it happened: events as they were handled, and under each its snapshot and then the orders its chart gave for it.
 */
export interface CallLog {
  event(at: number, chart: string, source: string, event: EventObject): void;
  order(at: number, chart: string, to: string, order: EventObject): void;
  snapshot(at: number, chart: string, snapshot: AnyMachineSnapshot): void;
  /** Hands everything since the last flush to the sink in one write. Called after the orders went out. */
  flush(): void;
  close(): void;
}

/** What one event did to its chart; turned into text only when the stimulus is over. */
interface LoggedStep {
  readonly chart: LoggedChart;
  readonly event: LogLine | undefined;
  snapshot: { readonly at: number; readonly value: AnyMachineSnapshot } | undefined;
  readonly orders: LogLine[];
}

interface LoggedChart {
  readonly name: string;
  readonly hasher: SnapshotHasher;
  /** The last hash written. */
  hash: string | undefined;
  /** What it is in the middle of. */
  latest: LoggedStep | undefined;
}

export function createCallLog(header: LogHeader, sink: LogSink): CallLog {
  return new StepLog(header, sink);
}

class StepLog implements CallLog {
  readonly #sink: LogSink;
  readonly #charts: LoggedChart[] = [];
  // Emptied in place: what replaces a container that V8 has moved to its old generation lets go of nothing before
  // everything is collected, and each step holds a snapshot.
  readonly #steps: LoggedStep[] = [];
  #unwritten: LogHeader | undefined;
  #closed = false;

  constructor(header: LogHeader, sink: LogSink) {
    this.#sink = sink;
    this.#unwritten = header;
    // What a chart orders as it starts comes before all events, also before those its first orders lead to.
    for (const chart of Object.keys(header.charts)) this.#begin(chart);
  }

  event(at: number, chart: string, source: string, event: EventObject): void {
    this.#begin(chart, [round(at), chart, source, event]);
  }

  order(at: number, chart: string, to: string, order: EventObject): void {
    this.#latest(chart).orders.push([round(at), chart, 'order', to, order]);
  }

  snapshot(at: number, chart: string, snapshot: AnyMachineSnapshot): void {
    this.#latest(chart).snapshot = { at: round(at), value: snapshot };
  }

  flush(): void {
    let text = '';
    for (const step of this.#steps) text += textOf(step);
    // Without a line the charts have not started, and their first orders still come before everything else.
    if (text !== '') {
      this.#steps.length = 0;
      for (const chart of this.#charts) chart.latest = undefined;
    }
    if (this.#unwritten) text = `${JSON.stringify(this.#unwritten)}\n${text}`;
    this.#unwritten = undefined;
    // A call ends in the middle of its last stimulus; what comes after that is nobody's any more.
    if (text !== '' && !this.#closed) this.#sink.write(text);
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#sink.close();
  }

  #latest(name: string): LoggedStep {
    return this.#chart(name).latest ?? this.#begin(name);
  }

  #begin(name: string, event?: LogLine): LoggedStep {
    const chart = this.#chart(name);
    const step: LoggedStep = { chart, event, snapshot: undefined, orders: [] };
    chart.latest = step;
    this.#steps.push(step);
    return step;
  }

  #chart(name: string): LoggedChart {
    let chart = this.#charts.find((known) => known.name === name);
    if (!chart) {
      chart = { name, hasher: createSnapshotHasher(), hash: undefined, latest: undefined };
      this.#charts.push(chart);
    }
    return chart;
  }
}

function textOf({ chart, event, snapshot, orders }: LoggedStep): string {
  let text = event ? `${JSON.stringify(event)}\n` : '';
  if (snapshot) {
    const hash = chart.hasher.hash(snapshot.value);
    if (hash !== chart.hash) text += `${JSON.stringify([snapshot.at, chart.name, '#', hash])}\n`;
    chart.hash = hash;
  }
  for (const order of orders) text += `${JSON.stringify(order)}\n`;
  return text;
}

/** Microseconds are enough to order by and keep the file small. */
const round = (at: number): number => Math.round(at * 1000) / 1000;

/**
 * A file that holds every line written so far, also after SIGKILL: no buffer of ours is between. Never throws: a full
 * disk must not cost a call, so at the first failure the file is given up and `failed` told.
 */
export function createFileSink(path: string, failed: (error: unknown) => void = () => {}): LogSink {
  let file: number | undefined;
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      file = undefined;
      failed(error);
    }
  };
  guard(() => {
    mkdirSync(dirname(path), { recursive: true });
    file = openSync(path, 'w', 0o600);
  });
  return {
    write(text) {
      const open = file;
      if (open !== undefined) guard(() => void writeSync(open, text));
    },
    close() {
      const open = file;
      file = undefined;
      if (open !== undefined) guard(() => closeSync(open));
    },
  };
}

/** A call id as a file name: nothing that could leave the directory. */
export function fileNameOf(call: string): string {
  const safe = call.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
  return safe === '' ? '_' : safe;
}
