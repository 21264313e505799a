/**
 * @module Reads the `parameters` and `returns` of a tool, a zod schema or a JSON Schema, into one form:
 * what the model is shown and a check that never coerces by itself.
 */
import { z } from 'zod';
import { OffhookError } from '../errors.ts';
import { checkerOfJsonSchema, isJsonObject, type JsonSchema } from './json-schema.ts';
import { showValue } from './show.ts';

/** One thing that did not fit. */
export interface Misfit {
  /** Where and what in words, for the model. May quote what the model wrote. */
  readonly text: string;
  /** The same for logs: names from the schema and zod's issue code, nothing that was received. */
  readonly label: string;
}

export type Checked = { fits: true; value: unknown } | { fits: false; misfits: readonly Misfit[] };

/** A schema as the tools use it. */
export interface ReadSchema {
  /** JSON Schema without `$schema`. */
  readonly json: JsonSchema;
  /** Rejects only where a refinement of the user's schema throws. */
  check(value: unknown): Promise<Checked>;
}

/**
 * Reads a schema for the tool option `option`.
 * @throws OffhookError OFFHOOK_OPTION_INVALID where it is no schema, or one that JSON Schema cannot express.
 */
export function readSchema(option: string, schema: unknown): ReadSchema {
  if (isZod(schema)) {
    const json = withoutDialect(option, describeZod(option, schema));
    return { json, check: (value) => check(schema, json, value) };
  }
  if (!isJsonObject(schema)) {
    const rule = `must be a zod schema or a JSON Schema object, received ${showValue(schema)}`;
    throw invalidSchema(option, rule);
  }
  if ('_def' in schema) throw invalidSchema(option, 'is a zod 3 schema; use zod 4');
  const json = withoutDialect(option, schema);
  // From the user's own object, since `$schema` names the dialect.
  const checker = readJsonSchema(option, schema);
  return { json, check: (value) => check(checker, json, value) };
}

function isZod(schema: unknown): schema is z.core.$ZodType {
  return typeof schema === 'object' && schema !== null && '_zod' in schema;
}

/**
 * Reads the `parameters` of a tool: as `readSchema`, and it must describe an object.
 * @throws OffhookError OFFHOOK_OPTION_INVALID
 */
export function readParameters(schema: unknown): ReadSchema {
  const read = readSchema('parameters', schema);
  if (read.json['type'] !== 'object') {
    throw invalidSchema('parameters', 'must describe an object: z.object({...}) or {"type": "object", ...}');
  }
  // Vendors refuse an object schema without `properties`.
  return { ...read, json: { ...read.json, properties: read.json['properties'] ?? {} } };
}

function readJsonSchema(option: string, schema: JsonSchema): z.core.$ZodType {
  try {
    return checkerOfJsonSchema(schema);
  } catch (cause) {
    throw invalidSchema(option, 'is not a JSON Schema that can be read', cause);
  }
}

function describeZod(option: string, schema: z.core.$ZodType): object {
  try {
    return z.toJSONSchema(schema, { io: 'input' });
  } catch (cause) {
    throw invalidSchema(option, 'holds a type that JSON Schema cannot express', cause);
  }
}

/** A plain copy: later changes to the user's object reach neither the model nor the check. */
function withoutDialect(option: string, schema: object): JsonSchema {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(schema));
  } catch (cause) {
    throw invalidSchema(option, 'is not plain JSON', cause);
  }
  if (!isJsonObject(copy)) throw invalidSchema(option, 'is not plain JSON');
  const { $schema: _, ...rest } = copy;
  return rest;
}

async function check(schema: z.core.$ZodType, json: JsonSchema, value: unknown): Promise<Checked> {
  const result = await z.safeParseAsync(schema, value);
  if (result.success) return { fits: true, value: result.data };
  return { fits: false, misfits: result.error.issues.map((issue) => describeIssue(issue, json)) };
}

function describeIssue(issue: z.core.$ZodIssue, json: JsonSchema): Misfit {
  const path = issue.path.map(String);
  const first = path[0];
  // Deeper segments and undeclared names may come from the model, so they stay out of the label.
  const declared = first !== undefined && Object.hasOwn(Object(json['properties']), first);
  return {
    text: path.length === 0 ? issue.message : `${path.join('.')}: ${issue.message}`,
    label: declared ? `${issue.code} at ${first}` : issue.code,
  };
}

function invalidSchema(option: string, rule: string, cause?: unknown): OffhookError {
  return new OffhookError('OFFHOOK_OPTION_INVALID', `defineTool: option "${option}" ${rule}.`, { cause });
}
