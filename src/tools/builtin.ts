/**
 * @module The tools that every agent has unless it is told otherwise. The call chart carries them out,
 * so here they are only what the model sees of them.
 */
import type { ToolSchema } from '../providers/contract.ts';

/** A tool that the call chart handles by name. */
export interface BuiltinTool {
  readonly kind: 'builtin';
  readonly name: BuiltinName;
  /** What the model sees. */
  readonly schema: ToolSchema;
}

const SCHEMAS = {
  hang_up: {
    name: 'hang_up',
    description: 'End the call when the conversation is over or the caller says goodbye.',
    parameters: { type: 'object', properties: {}, additionalProperties: false },
  },
} as const satisfies Record<string, ToolSchema>;

export type BuiltinName = keyof typeof SCHEMAS;

/** All built-in tools by name, in the order in which models are shown them. */
export const BUILTIN_TOOLS: ReadonlyMap<string, BuiltinTool> = new Map(
  Object.values(SCHEMAS).map((schema) => [schema.name, { kind: 'builtin', name: schema.name, schema }]),
);
