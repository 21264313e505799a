/**
 * @module Tools: what a user defines, what comes built in, which of them a name means, and how one call of one runs.
 */
export { BUILTIN_TOOLS, type BuiltinName, type BuiltinTool } from './builtin.ts';
export {
  defineTool,
  type DefineTool,
  type HangupPolicy,
  type InterruptPolicy,
  type Tool,
  type ToolArguments,
  type ToolContext,
  type ToolDefinition,
  TOOL_DEFAULTS,
} from './define.ts';
export type { JsonSchema } from './json-schema.ts';
export type { ToolOutcome } from './outcome.ts';
export { createToolRegistry, type ToolRegistry, type ToolRegistryOptions } from './registry.ts';
export { LONGEST_RESULT } from './result.ts';
export { runTool, type ToolRunContext } from './run.ts';
