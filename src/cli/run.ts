/**
 * @module `offhook run`: serves the agent that a module exports, until it is told to stop, showing its calls.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Agent, isAgent } from '../agent.ts';
import { OffhookError } from '../errors.ts';
import { type Happening, watchAgent } from './happenings.ts';
import { createSystemClock } from '../runtime/clock.ts';
import type { CommandIo } from './io.ts';
import { formatTimeOfDay } from './text.ts';
import { createView } from './view.ts';

/**
 * Loads a module's agent.
 * @throws OffhookError OFFHOOK_MODULE_INVALID if there is no such module, it throws, or exports no agent
 */
export async function loadAgent(file: string): Promise<Agent> {
  const path = resolve(file);
  if (!existsSync(path)) throw invalid(`There is no module ${file}.`);
  const { default: agent } = await importModule(path, file);
  if (isAgent(agent)) return agent;
  const found = agent === undefined ? 'has no default export' : `exports ${describe(agent)} as default`;
  throw invalid(`${file} ${found}, which is not an agent.`);
}

async function importModule(path: string, file: string): Promise<{ default?: unknown }> {
  try {
    const module: { default?: unknown } = await import(pathToFileURL(path).href);
    return module;
  } catch (cause) {
    // What Offhook itself refused says best what is wrong with the module's options.
    if (cause instanceof OffhookError) throw cause;
    throw invalid(`${file} cannot be loaded.`, cause);
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object' && typeof value !== 'function') return `a ${typeof value}`;
  return typeof value === 'function' ? 'a function' : 'an object';
}

function invalid(message: string, cause?: unknown): OffhookError {
  return new OffhookError('OFFHOOK_MODULE_INVALID', message, { cause });
}

/** Serves a module's agent. @returns 0 once it has been stopped and its calls have ended */
export async function runModule(file: string, io: CommandIo): Promise<number> {
  const agent = await loadAgent(file);
  const stop = showCalls(agent, io);
  try {
    await agent.connect();
    io.out(`Serving ${file}. Ctrl-C lets running calls end, a second one cuts them.`);
    await agent.serve();
  } finally {
    stop();
  }
  io.out('Stopped.');
  // The module's own servers and pools are not ours to close, and would keep the program for ever.
  io.leave(0);
  return 0;
}

function showCalls(agent: Agent, io: CommandIo): () => void {
  const view = createView({
    write: (line) => io.out(line),
    color: io.color,
    width: io.width,
    time: (at) => formatTimeOfDay(at),
    calls: true,
  });
  // The agent's own clock counts from its start; the time of day is what a reader of a terminal goes by.
  const clock = createSystemClock();
  const now = (): number => clock.epoch + clock.now();
  const show = (happening: Happening): void => view.show({ ...happening, at: now() });
  return watchAgent(agent, now, show);
}
