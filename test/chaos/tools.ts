/** @module One tool that does whatever a test makes it do, and a conversation that needs it. */
import { z } from 'zod';
import { type CallHandle, defineTool, type Tool } from '../../src/index.ts';
import { ANSWER, GREETING, line, type World } from './world.ts';

export const AFTER = line('en/agent-goodbye');
export const CALLS = [
  GREETING,
  { calls: [{ name: 'work', arguments: { order: '4821' } }], afterTools: ANSWER },
  { say: AFTER },
];

export type Execute = (args: unknown, context: Parameters<Tool<CallHandle>['execute']>[1]) => unknown;

export const tool = (execute: Execute, options: object = {}): Tool<CallHandle> =>
  defineTool({
    name: 'work',
    description: 'Does the work.',
    parameters: z.object({ order: z.string() }),
    execute: async (args, context) => await (execute(args, context) as Promise<unknown>),
    ...options,
  });

export const lastCall = (world: World) => world.exchange.calls().at(-1)!;
