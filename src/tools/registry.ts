/**
 * @module Which tools a call has, and which one a name means: the user's own hides a built-in one.
 */
import { OffhookError } from '../errors.ts';
import type { ToolSchema } from '../providers/contract.ts';
import { BUILTIN_TOOLS, type BuiltinName, type BuiltinTool } from './builtin.ts';
import type { Tool } from './define.ts';
import { showValue } from './show.ts';

export interface ToolRegistryOptions<Call = unknown> {
  /** The user's tools, in the order in which the model is shown them. Default: none. */
  readonly tools?: readonly Tool<Call>[];
  /** Which built-in tools the model has. Default `'all'`. */
  readonly builtinTools?: 'all' | 'none' | readonly BuiltinName[];
}

export interface ToolRegistry<Call = unknown> {
  /** What the model is shown: the user's tools, then the built-in ones that none of them hides. */
  readonly schemas: readonly ToolSchema[];
  /** What the model means by `name`. */
  find(name: string): Tool<Call> | BuiltinTool | undefined;
}

/**
 * Collects the tools of an agent.
 * @throws OffhookError OFFHOOK_TOOL_DUPLICATE for two user tools of one name; OFFHOOK_OPTION_INVALID for what is
 * no tool and for an unknown built-in name.
 */
export function createToolRegistry<Call = unknown>(
  options: ToolRegistryOptions<Call> = {},
): ToolRegistry<Call> {
  const byName = new Map<string, Tool<Call> | BuiltinTool>();
  for (const tool of checkTools(options.tools ?? [])) {
    if (byName.has(tool.name)) {
      throw new OffhookError('OFFHOOK_TOOL_DUPLICATE', `Two tools have the name "${tool.name}".`);
    }
    byName.set(tool.name, tool);
  }
  for (const tool of chooseBuiltins(options.builtinTools ?? 'all')) {
    if (!byName.has(tool.name)) byName.set(tool.name, tool);
  }
  return {
    schemas: Object.freeze(Array.from(byName.values(), (tool) => tool.schema)),
    find: (name) => byName.get(name),
  };
}

function checkTools<Call>(tools: readonly Tool<Call>[]): readonly Tool<Call>[] {
  if (!Array.isArray(tools)) refuse('tools', 'must be an array of tools', tools);
  tools.forEach((tool: Partial<Tool<Call>> | undefined, index) => {
    if (tool?.kind !== 'user') refuse(`tools[${index}]`, 'must be made by defineTool', tool);
  });
  return tools;
}

function chooseBuiltins(choice: unknown): readonly BuiltinTool[] {
  if (choice === 'all') return [...BUILTIN_TOOLS.values()];
  if (choice === 'none') return [];
  const known = [...BUILTIN_TOOLS.keys()].join(', ');
  if (!Array.isArray(choice)) refuse('builtinTools', `must be 'all', 'none' or names of ${known}`, choice);
  return choice.map((name: unknown) => {
    const tool = typeof name === 'string' ? BUILTIN_TOOLS.get(name) : undefined;
    return tool ?? refuse('builtinTools', `holds a name that is none of ${known}`, name);
  });
}

function refuse(option: string, rule: string, received: unknown): never {
  throw new OffhookError(
    'OFFHOOK_OPTION_INVALID',
    `Option "${option}" ${rule}, received ${showValue(received)}.`,
  );
}
