/**
 * @module Checks values against a JSON Schema written by hand or by another program.
 * Keywords that the checker does not know are left out of the check, never out of what the model is shown.
 */
import { z } from 'zod';

/** A JSON Schema object: draft 2020-12, or draft 7 by `$schema` or by the use of `definitions`. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const UNCHECKED = new Set([
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'dependentRequired',
  'unevaluatedItems',
  'unevaluatedProperties',
]);

/** Keywords whose value maps names to schemas: the names are the author's, not keywords. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions']);

/** Keywords whose value is data, not a schema. */
const DATA = new Set(['enum', 'const', 'default', 'examples']);

/**
 * Builds a checker for `schema`. Where the whole of it cannot be checked, the rest is: types, required, enums,
 * bounds and patterns.
 * @throws Error where even that cannot be read, such as an unknown `type` or a pattern that is no expression.
 */
export function checkerOfJsonSchema(schema: JsonSchema): z.core.$ZodType {
  try {
    return convert(schema);
  } catch {
    return convert(loosenObject(schema));
  }
}

function convert(schema: JsonSchema): z.core.$ZodType {
  return z.fromJSONSchema(schema, {
    // zod looks for `definitions` only under draft 7.
    defaultTarget: '$defs' in schema || !('definitions' in schema) ? 'draft-2020-12' : 'draft-7',
    // A registry of its own: two tools may use the same `id`.
    registry: z.registry<z.core.GlobalMeta>(),
  });
}

/** A copy that accepts at least what `schema` accepts, without the keywords that cannot be checked. */
function loosenObject(schema: JsonSchema): JsonSchema {
  const loose: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (UNCHECKED.has(keyword) || (keyword === '$ref' && !isLocal(value))) continue;
    if (DATA.has(keyword)) loose[keyword] = value;
    else if (MAPS.has(keyword) && isJsonObject(value)) loose[keyword] = mapValues(value, loosen);
    else if (keyword !== 'oneOf') loose[keyword] = loosen(value);
    // Looser branches may overlap, and "exactly one" would then refuse what the schema allows.
    else if (!('anyOf' in schema)) loose['anyOf'] = loosen(value);
  }
  return loose;
}

function loosen(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(loosen);
  return isJsonObject(schema) ? loosenObject(schema) : schema;
}

function mapValues(map: JsonSchema, change: (value: unknown) => unknown): JsonSchema {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value)]));
}

/** True for what may be a JSON Schema object. */
export function isJsonObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLocal(ref: unknown): boolean {
  return ref === '#' || (typeof ref === 'string' && /^#\/(\$defs|definitions)\/[^/]+$/.test(ref));
}
