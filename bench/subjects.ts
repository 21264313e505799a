/**
 * @module Who is measured, and how each is started: the same two wires, one process, a port told to the runner.
 */
import { existsSync } from 'node:fs';

export interface Subject {
  readonly name: string;
  /** What the tables call it. */
  readonly title: string;
  /** Beside this file. */
  readonly file: string;
  /** Where its media socket is. */
  readonly path: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Loaded before it. */
  readonly imports?: readonly string[];
  /** What it takes part in: the measurement under load, that of the start, that of the event log. */
  readonly parts: readonly Part[];
}

export type Part = 'load' | 'start' | 'log';

const offhook = { file: 'offhook.ts', path: '/media-stream' } as const;

export const SUBJECTS: readonly Subject[] = [
  { name: 'bridge', title: 'bridge', file: 'bridge.ts', path: '/', parts: ['load', 'start'] },
  {
    name: 'bridge+sdk',
    title: 'bridge with `openai/realtime/ws`',
    file: 'bridge.ts',
    path: '/',
    imports: ['openai/realtime/ws'],
    parts: ['start'],
  },
  { name: 'offhook', title: 'Offhook', ...offhook, parts: ['load', 'start', 'log'] },
  {
    name: 'offhook+rec',
    title: 'Offhook, recording',
    ...offhook,
    environment: { BENCH_RECORDING: '1' },
    parts: ['load'],
  },
  {
    name: 'offhook+timed',
    title: 'Offhook, its log timed',
    ...offhook,
    environment: { BENCH_LOG: 'timed' },
    imports: ['log-hook.ts'],
    parts: ['log'],
  },
  {
    name: 'offhook+mute',
    title: 'Offhook, its log taken out',
    ...offhook,
    environment: { BENCH_LOG: 'off' },
    imports: ['log-hook.ts'],
    parts: ['log'],
  },
  {
    name: 'agents',
    title: '@openai/agents',
    file: 'peers/agents.js',
    path: '/',
    parts: ['load', 'start'],
  },
];

/** Whether `npm run bench:peers` was run. */
export const hasPeers = (): boolean =>
  existsSync(new URL('peers/node_modules/@openai/agents', import.meta.url));
