/**
 * One name means one tool: the user's own before the built-in one, and never two of the user's.
 */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createToolRegistry, defineTool, type ToolRegistry } from '../../src/tools/index.ts';

const tool = (name: string) =>
  defineTool({ name, description: `Does ${name}.`, parameters: z.object({}), execute: () => null });

/** As a JavaScript program would call it, without types. */
const create = createToolRegistry as (options: unknown) => ToolRegistry;

describe('a tool registry', () => {
  test('shows the user tools first, then the built-in ones', () => {
    const registry = createToolRegistry({ tools: [tool('b'), tool('a')], builtinTools: 'all' });
    expect(registry.schemas.map(({ name }) => name)).toEqual(['b', 'a', 'hang_up']);
    expect(registry.find('hang_up')).toMatchObject({ kind: 'builtin', name: 'hang_up' });
    expect(registry.find('a')).toMatchObject({ kind: 'user', name: 'a' });
  });

  test('has every built-in tool by default', () => {
    expect(createToolRegistry().schemas.map(({ name }) => name)).toEqual(['hang_up']);
  });

  test('the built-in hang_up takes no arguments and says when to use it', () => {
    const schema = createToolRegistry().schemas[0];
    expect(schema?.parameters).toEqual({ type: 'object', properties: {}, additionalProperties: false });
    expect(schema?.description).toMatch(/conversation is over|goodbye/);
  });

  test('a user tool hides the built-in one of its name, and the model sees it once', () => {
    const own = tool('hang_up');
    const registry = createToolRegistry({ tools: [own], builtinTools: ['hang_up'] });
    expect(registry.find('hang_up')).toBe(own);
    expect(registry.schemas).toEqual([own.schema]);
  });

  test.each(['none', []])('builtinTools: %j leaves all of them out', (builtinTools) => {
    const registry = create({ builtinTools });
    expect(registry.schemas).toEqual([]);
    expect(registry.find('hang_up')).toBeUndefined();
  });

  test('finds nothing under a name that only objects inherit', () => {
    const registry = createToolRegistry();
    for (const name of ['constructor', '__proto__', 'toString', '']) {
      expect(registry.find(name)).toBeUndefined();
    }
  });

  test('refuses two user tools of one name', () => {
    expect(() => createToolRegistry({ tools: [tool('a'), tool('b'), tool('a')] })).toThrow(
      expect.objectContaining({ code: 'OFFHOOK_TOOL_DUPLICATE', message: expect.stringContaining('"a"') }),
    );
  });

  test.each([
    [{ builtinTools: ['hang_up', 'dance'] }, '"dance"'],
    [{ builtinTools: ['constructor'] }, '"constructor"'],
    [{ builtinTools: 'some' }, '"some"'],
    [{ builtinTools: [undefined] }, 'undefined'],
    [{ tools: [{ name: 'a', execute: () => null }] }, 'an object'],
    [{ tools: [undefined] }, 'undefined'],
    [{ tools: 'a' }, '"a"'],
  ])('refuses %j', (options, shown) => {
    expect(() => create(options)).toThrow(
      expect.objectContaining({
        code: 'OFFHOOK_OPTION_INVALID',
        message: expect.stringContaining(`received ${shown}`),
      }),
    );
  });
});
