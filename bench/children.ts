/**
 * @module Starts the processes of a measurement, each on a core of its own where there are two, and waits for what
 * they answer.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The measured process has the first core, the load the second: neither takes time from the other. */
export const CORE = { subject: 0, load: 1 } as const;

const ANSWER_LIMIT = 30_000;

const canPin =
  process.platform === 'linux' &&
  availableParallelism() > 1 &&
  spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** Whether processes are held to a core. Without it they share what there is, and figures are rougher. */
export const isPinned = (): boolean => canPin;

export interface Start {
  readonly file: string;
  readonly core: number;
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a program of node's. Its errors go to our stderr. */
export function start({ file, core, flags = [], environment = {} }: Start): ChildProcess {
  const env = { ...process.env, NODE_ENV: 'production', ...environment };
  const stdio: ['ignore', 'ignore', 'inherit', 'ipc'] = ['ignore', 'ignore', 'inherit', 'ipc'];
  const [execPath, ...execArgv] = [
    ...(canPin ? ['taskset', '-c', `${core}`] : []),
    process.execPath,
    ...flags,
  ];
  const child = fork(file, { execPath: execPath!, execArgv, env, stdio });
  // What is told to one that has ended is an error of the child; whoever waits for its answer hears that it ended.
  child.on('error', () => {});
  return child;
}

interface Answer {
  readonly kind: string;
}

/** The next message of this kind. */
export function answer<T extends Answer>(child: ChildProcess, kind: T['kind']): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      child.off('message', take);
      child.off('exit', fail);
      child.off('error', refuse);
    };
    const take = (message: unknown): void => {
      if ((message as Answer).kind !== kind) return;
      settle();
      resolve(message as T);
    };
    const fail = (code: number | null, signal: string | null): void => {
      settle();
      reject(new Error(`${child.spawnargs.at(-1)} ended (${code ?? signal}) before it said '${kind}'`));
    };
    const refuse = (error: Error): void => {
      settle();
      reject(error);
    };
    const timer = setTimeout(() => fail(null, `no answer in ${ANSWER_LIMIT} ms`), ANSWER_LIMIT);
    child.on('message', take);
    child.on('exit', fail);
    child.on('error', refuse);
    if (child.exitCode !== null || child.signalCode !== null) fail(child.exitCode, child.signalCode);
  });
}

/** Sends an order and waits for its answer. */
export function ask<T extends Answer>(child: ChildProcess, order: object, kind: T['kind']): Promise<T> {
  const answered = answer<T>(child, kind);
  child.send(order);
  return answered;
}

/** Ends a process for certain, and waits until it has. */
export function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
