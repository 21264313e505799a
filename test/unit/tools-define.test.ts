/**
 * A mistake in a tool shows when the program starts, with the option, its rule and the value named, and the
 * arguments of `execute` have the type of the schema. Before, a wrong tool was met by the first caller.
 */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { OffhookError } from '../../src/errors.ts';
import { defineTool, type DefineTool, type Tool } from '../../src/tools/index.ts';

const good = {
  name: 'check_order',
  description: 'Look up an order by its number.',
  parameters: z.object({ orderId: z.string() }),
  execute: () => null,
};

/** As a JavaScript program would call it, without types. */
const define = defineTool as (definition: unknown) => Tool;

function refusal(definition: unknown): string {
  try {
    define(definition);
  } catch (error) {
    expect(error).toBeInstanceOf(OffhookError);
    expect((error as OffhookError).code).toBe('OFFHOOK_OPTION_INVALID');
    return (error as OffhookError).message;
  }
  throw new Error('it was accepted');
}

describe('a tool is checked when it is defined', () => {
  test.each([
    ['name', 'has space', '"has space"'],
    ['name', '', '""'],
    ['name', 'x'.repeat(65), '"xxx'],
    ['name', '주문', '"주문"'],
    ['name', undefined, 'undefined'],
    ['description', '  ', '"  "'],
    ['description', 7, '7'],
    ['execute', 'later', '"later"'],
    ['timeout', 0, '0'],
    ['timeout', -1, '-1'],
    ['timeout', Number.NaN, 'NaN'],
    ['timeout', Number.POSITIVE_INFINITY, 'Infinity'],
    // Node would fire such a timer at once.
    ['timeout', 2 ** 31, '2147483648'],
    ['timeout', '30s', '"30s"'],
    ['onInterrupt', 'finish', '"finish"'],
    ['onHangup', 'keep', '"keep"'],
    ['onInterupt', 'keep', '"keep"'],
    ['parameters', undefined, 'undefined'],
    ['parameters', 'string', '"string"'],
    ['returns', [], 'an array'],
  ])('%s: %j is refused', (option, value, shown) => {
    const message = refusal({ ...good, [option]: value });
    expect(message).toContain(`option "${option}"`);
    expect(message).toContain(`received ${shown}`);
  });

  test('what is no object at all is refused', () => {
    expect(refusal(undefined)).toContain('received undefined');
  });

  test.each([
    ['a zod schema of no object', z.string(), 'must describe an object'],
    ['a type that JSON lacks', z.object({ at: z.date() }), 'cannot express'],
    ['a JSON Schema of no object', { type: 'array' }, 'must describe an object'],
    [
      'a JSON Schema with an unknown type',
      { type: 'object', properties: { a: { type: 'text' } } },
      'be read',
    ],
    ['a broken pattern', { type: 'object', properties: { a: { type: 'string', pattern: '(' } } }, 'be read'],
    ['a zod 3 schema', { _def: { typeName: 'ZodObject' } }, 'zod 3'],
  ])('parameters: %s is refused', (_title, parameters, rule) => {
    const message = refusal({ ...good, parameters });
    expect(message).toContain('option "parameters"');
    expect(message).toContain(rule);
  });

  test('a cyclic JSON Schema is refused', () => {
    const parameters: Record<string, unknown> = { type: 'object' };
    parameters['properties'] = { self: parameters };
    expect(refusal({ ...good, parameters })).toContain('is not plain JSON');
  });
});

describe('a defined tool', () => {
  test('has the documented defaults', () => {
    expect(defineTool(good)).toMatchObject({ timeout: 30_000, onInterrupt: 'keep', onHangup: 'cancel' });
    const own = defineTool({ ...good, timeout: 1, onInterrupt: 'cancel', onHangup: 'finish' });
    expect(own).toMatchObject({ timeout: 1, onInterrupt: 'cancel', onHangup: 'finish' });
  });

  test('shows the model JSON Schema of what it is to write, without $schema', () => {
    const tool = defineTool({
      ...good,
      parameters: z.object({ id: z.string().describe('The number.'), count: z.int().default(1) }),
    });
    expect(tool.schema).toEqual({
      name: 'check_order',
      description: 'Look up an order by its number.',
      parameters: {
        type: 'object',
        properties: {
          id: { type: 'string', description: 'The number.' },
          count: expect.objectContaining({ type: 'integer', default: 1 }),
        },
        required: ['id'],
      },
    });
  });

  test('shows the model a JSON Schema as it was written, and is not reached by later changes to it', () => {
    const parameters = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { size: { enum: ['s', 'm'] } },
      not: { required: ['colour'] },
    };
    const tool = defineTool({ ...good, parameters });
    parameters.properties.size.enum.push('l');
    expect(tool.schema.parameters).toEqual({
      type: 'object',
      properties: { size: { enum: ['s', 'm'] } },
      not: { required: ['colour'] },
    });
  });

  test('shows vendors that insist on it an empty list of properties', () => {
    const tool = defineTool({ ...good, parameters: { type: 'object' } });
    expect(tool.schema.parameters).toEqual({ type: 'object', properties: {} });
  });

  test('types its arguments by the schema', () => {
    interface Handle {
      readonly id: string;
    }
    const defineFor: DefineTool<Handle> = defineTool;
    const tool = defineFor({
      ...good,
      parameters: z.object({ id: z.string(), count: z.int().default(1), at: z.string().optional() }),
      execute: (args, { call, signal }) => {
        expectTypeOf(args).toEqualTypeOf<{ id: string; count: number; at?: string | undefined }>();
        expectTypeOf(call).toEqualTypeOf<Handle>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      },
    });
    expectTypeOf(tool).toEqualTypeOf<Tool<Handle>>();
    expectTypeOf<Tool>().toExtend<Tool<Handle>>();
    defineTool({
      ...good,
      parameters: { type: 'object', properties: { id: { type: 'string' } } },
      execute: (args) => expectTypeOf(args).toEqualTypeOf<Readonly<Record<string, unknown>>>(),
    });
  });
});
