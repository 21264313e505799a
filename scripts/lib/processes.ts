/**
 * @module Child processes of a check: run to the end within a limit, or kept until told to stop. Output is kept and
 * never names a host, so that it may be printed anywhere.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Finished {
  readonly code: number | null;
  /** Both streams, as they came, without addresses. */
  readonly output: string;
}

export interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A process that goes on until it is stopped. */
export interface Running {
  readonly output: () => string;
  /** Waits until the output has `pattern`. @throws Error with the output if it ends or takes over 20 s */
  readonly until: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Ctrl-C for it and what it started; killed if it has not ended 10 s later. */
  readonly stop: () => Promise<Finished>;
}

const LOOK_EVERY_MS = 20;
const READY_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 10_000;

/** Addresses outside this machine: where packages come from is nobody's business. */
export function withoutHosts(text: string): string {
  return text.replace(/\b(?:https?|wss?):\/\/(?!127\.0\.0\.1|localhost)[^\s"'<>)]+/g, '<address>');
}

/** Starts a program in a group of its own, so that a signal reaches what it starts, too. */
export function start(program: string, args: readonly string[], { cwd, env }: Place): Running {
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let code: number | null | undefined;
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  child.on('error', (error) => (text += `${error.message}\n`));
  const closed = new Promise<number | null>((resolve) => {
    child.on('close', (status) => resolve((code = status)));
  });
  const output = (): string => withoutHosts(text);
  return {
    output,
    async until(pattern) {
      for (let waited = 0; ; waited += LOOK_EVERY_MS) {
        const found = pattern.exec(output());
        if (found) return found;
        if (code !== undefined || waited >= READY_LIMIT_MS) {
          throw new Error(`${program} ${args.join(' ')}: ${pattern} never came\n${output()}`);
        }
        await sleep(LOOK_EVERY_MS);
      }
    },
    async stop() {
      signal(child, 'SIGINT');
      await Promise.race([closed, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
      signal(child, 'SIGKILL');
      return { code: await closed, output: output() };
    },
  };
}

/** Runs a program to its end; killed after `limit` ms, its code is then null. */
export async function run(
  program: string,
  args: readonly string[],
  place: Place,
  limit = 60_000,
): Promise<Finished> {
  const child = spawn(program, args, { ...place, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  child.on('error', (error) => (text += `${error.message}\n`));
  const timer = setTimeout(() => signal(child, 'SIGKILL'), limit);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return { code, output: withoutHosts(text) };
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // Already gone.
  }
}
