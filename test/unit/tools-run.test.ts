/**
 * A tool call always ends, whatever the tool does: throws, hangs, ignores its signal, returns a cycle. The model is
 * told what happened in a sentence, no timer is left, and nothing that comes later is an unhandled rejection.
 */
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import {
  defineTool,
  runTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  type ToolOutcome,
} from '../../src/tools/index.ts';

let clock: VirtualClock;
let abort: AbortController;
let late: number;
let said: unknown[];
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  clock = createVirtualClock();
  abort = new AbortController();
  late = 0;
  said = [];
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});

afterEach(async () => {
  await clock.run(120_000);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
  expect(clock.pending).toBe(0);
});

function tool(execute: (args: never, context: ToolContext) => unknown, rest: object = {}): Tool {
  const definition = { name: 'probe', description: 'A probe.', parameters: z.object({}), execute, ...rest };
  return defineTool(definition as ToolDefinition<z.ZodObject>);
}

function run(subject: Tool, text = '{}'): Promise<ToolOutcome> {
  return runTool(subject, text, {
    clock,
    signal: abort.signal,
    call: { id: 'call-1' },
    say: (words) => said.push(words),
    progress: (update) => said.push(update),
    idempotencyKey: 'call-1:tool-1',
    onLate: () => (late += 1),
  });
}

/** The run took back its timer and its listener, before their time. */
function expectNothingLeft(): void {
  expect(clock.pending).toBe(0);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
}

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });

describe('the arguments of a tool call', () => {
  const echo = (schema: object): Tool => tool((args) => args, { parameters: schema });

  test('are parsed, checked and given to execute', async () => {
    const outcome = await run(
      echo(z.object({ id: z.string(), n: z.int().default(3) })),
      '{"id":"a","more":1}',
    );
    expect(outcome).toEqual({ ok: true, text: '{"id":"a","n":3}', durationMs: 0 });
  });

  test.each(['', '  '])('may be missing where nothing is required: %j', async (text) => {
    expect(await run(echo(z.object({})), text)).toMatchObject({ ok: true, text: '{}' });
  });

  test.each(['{"id":', 'id=a', '{"id":"secret"', '{"id":"secret"}}'])(
    'that are no JSON are told to the model and not repeated in the error: %s',
    async (text) => {
      let executed = false;
      const outcome = await run(
        tool(() => (executed = true)),
        text,
      );
      expect(outcome).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_ARGUMENTS' });
      expect(outcome.text).toBe('The arguments for probe do not fit: they are not valid JSON');
      expect(outcome.error?.message).not.toContain('secret');
      expect(outcome.error?.cause).toBeUndefined();
      expect(executed).toBe(false);
    },
  );

  const boolean = z.object({ confirm: z.boolean() });
  const jsonBoolean = { type: 'object', properties: { confirm: { type: 'boolean' } }, required: ['confirm'] };

  test.each([
    ['zod', boolean],
    ['JSON Schema', jsonBoolean],
  ])('a "false" is not taken for true (%s)', async (_kind, parameters) => {
    let executed = false;
    const subject = tool(() => (executed = true), { parameters });
    const outcome = await run(subject, '{"confirm":"false"}');
    expect(outcome).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_ARGUMENTS' });
    expect(outcome.text).toMatch(/confirm: .*expected boolean, received string/);
    expect(outcome.text).not.toContain('\n');
    expect(outcome.error?.message).toBe('Arguments for tool "probe" do not fit: invalid_type at confirm.');
    expect(executed).toBe(false);
    expect(await run(subject, '{"confirm":false}')).toMatchObject({ ok: true });
  });

  test.each(['null', '[]', '"{}"', '3'])('that are no object are refused: %s', async (text) => {
    expect(await run(echo(z.object({})), text)).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_ARGUMENTS' });
    const json = echo({ type: 'object' });
    expect(await run(json, text)).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_ARGUMENTS' });
  });

  test('are checked against every usual rule of a JSON Schema', async () => {
    const subject = echo({
      type: 'object',
      properties: {
        size: { type: 'string', enum: ['s', 'm'] },
        count: { type: 'integer', minimum: 1 },
        tags: { type: 'array', items: { type: 'string' } },
        to: { $ref: '#/definitions/place' },
      },
      required: ['size'],
      definitions: { place: { type: 'object', properties: { zip: { type: 'string' } }, required: ['zip'] } },
    });
    const right = '{"size":"s","count":2,"tags":["a"],"to":{"zip":"1"},"other":true}';
    expect(await run(subject, right)).toMatchObject({
      ok: true,
      text: expect.stringContaining('"other":true'),
    });
    for (const wrong of [
      '{}',
      '{"size":"l"}',
      '{"size":"s","count":1.5}',
      '{"size":"s","count":0}',
      '{"size":"s","tags":[1]}',
      '{"size":"s","to":{}}',
    ]) {
      expect(await run(subject, wrong), wrong).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_ARGUMENTS' });
    }
  });

  test('are checked as far as possible where the JSON Schema says more than can be checked', async () => {
    const subject = echo(
      JSON.parse(`{
        "type": "object",
        "properties": {
          "if": { "type": "string" },
          "not": { "type": "number" },
          "far": { "$ref": "https://x.test/a" }
        },
        "required": ["if"],
        "if": { "required": ["not"] },
        "then": { "required": ["far"] },
        "oneOf": [{ "required": ["if"], "not": { "required": ["far"] } }, { "required": ["if"] }]
      }`),
    );
    expect(await run(subject, '{"if":"a","far":{}}')).toMatchObject({ ok: true });
    expect(await run(subject, '{"if":1}')).toMatchObject({ ok: false });
    expect(await run(subject, '{"if":"a","not":"1"}')).toMatchObject({ ok: false });
    expect(await run(subject, '{}')).toMatchObject({ ok: false });
  });

  test('that the model named itself appear in no error', async () => {
    const subject = echo(z.strictObject({ book: z.record(z.string(), z.int()).optional() }));
    const outcome = await run(subject, '{"book":{"01012345678":"x"},"01087654321":1}');
    expect(outcome.text).toContain('01087654321');
    expect(outcome.error?.message).not.toMatch(/\d/);
  });

  test('whose check throws are the failure of the tool', async () => {
    const parameters = z.object({}).refine(() => {
      throw new Error('down');
    });
    expect(await run(tool(() => 1, { parameters }))).toMatchObject({ code: 'OFFHOOK_TOOL_FAILED' });
  });

  test('an interruption during a slow check keeps the tool from starting', async () => {
    let executed = false;
    const parameters = z.object({}).refine(async () => {
      await wait(100);
      return true;
    });
    const running = run(tool(() => (executed = true), { parameters }));
    await clock.run(50);
    abort.abort();
    expect(await running).toMatchObject({ ok: false });
    await clock.run(100);
    expect(executed).toBe(false);
    expect(late).toBe(1);
  });
});

describe('the context of a tool', () => {
  test('carries the call, the key, and ways to speak while it runs', async () => {
    const outcome = await run(
      tool((_args, { call, idempotencyKey, signal, say, progress }) => {
        say('one moment');
        progress({ done: 1 });
        return { call, idempotencyKey, aborted: signal.aborted };
      }),
    );
    expect(JSON.parse(outcome.text)).toEqual({
      call: { id: 'call-1' },
      idempotencyKey: 'call-1:tool-1',
      aborted: false,
    });
    expect(said).toEqual(['one moment', { done: 1 }]);
  });

  test('is mute once the tool is over, also for a tool that ignores its signal', async () => {
    const subject = tool(
      async (_args, { say, progress }) => {
        await wait(2_000);
        say('too late');
        progress('too late');
      },
      { timeout: 1_000 },
    );
    const running = run(subject);
    await clock.run(5_000);
    expect(await running).toMatchObject({ code: 'OFFHOOK_TOOL_TIMEOUT' });
    expect(said).toEqual([]);
  });
});

describe('time', () => {
  test('a result within the timeout stands, with its duration', async () => {
    const running = run(
      tool(async () => {
        await wait(29_999);
        return 'done';
      }),
    );
    await clock.run(30_000);
    expect(await running).toEqual({ ok: true, text: 'done', durationMs: 29_999 });
    expectNothingLeft();
  });

  test('a promise that never settles ends at the timeout', async () => {
    const running = run(tool(() => new Promise(() => {}), { timeout: 500 }));
    await clock.run(499);
    expect(clock.pending).toBe(1);
    await clock.run(1);
    const outcome = await running;
    expect(outcome).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_TIMEOUT', durationMs: 500 });
    expect(outcome.text).toContain('did not finish in time');
    expect(late).toBe(0);
    expectNothingLeft();
  });

  test('the timeout aborts the signal of the tool, with the error as its reason', async () => {
    let reason: unknown;
    const running = run(
      tool(
        (_args, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reason = signal.reason;
              reject(new Error('stopped'));
            });
          }),
      ),
    );
    await clock.run(30_000);
    expect(await running).toMatchObject({ code: 'OFFHOOK_TOOL_TIMEOUT' });
    expect(reason).toMatchObject({ code: 'OFFHOOK_TOOL_TIMEOUT' });
    expect(late).toBe(1);
  });

  test.each(['resolves', 'rejects'])(
    'a tool that ignores its signal and %s later is counted',
    async (ending) => {
      const running = run(
        tool(
          async () => {
            await wait(1_000);
            if (ending === 'rejects') throw new Error('late');
            return 'late';
          },
          { timeout: 10 },
        ),
      );
      await clock.run(10);
      expect((await running).code).toBe('OFFHOOK_TOOL_TIMEOUT');
      expect(late).toBe(0);
      await clock.run(1_000);
      expect(late).toBe(1);
    },
  );
});

describe('an interruption', () => {
  test('ends the run at once with a result that says so, and aborts the signal of the tool', async () => {
    let seen: unknown;
    const running = run(
      tool(async (_args, { signal }) => {
        signal.addEventListener('abort', () => (seen = signal.reason));
        await wait(1_000);
      }),
    );
    await clock.run(200);
    abort.abort('hung up');
    const outcome = await running;
    expect(outcome).toEqual({ ok: false, text: expect.stringContaining('interrupted'), durationMs: 200 });
    expect(seen).toBe('hung up');
    await clock.run(800);
    expect(late).toBe(1);
    expectNothingLeft();
  });

  test('before the start keeps the tool from running', async () => {
    let executed = false;
    abort.abort();
    const outcome = await run(tool(() => (executed = true)));
    expect(outcome).toEqual({ ok: false, text: expect.stringContaining('before it began'), durationMs: 0 });
    expect(executed).toBe(false);
    expectNothingLeft();
  });

  test('after the end changes nothing', async () => {
    let signalled = false;
    const outcome = await run(
      tool((_args, { signal }) => {
        signal.addEventListener('abort', () => (signalled = true));
        return 'done';
      }),
    );
    abort.abort();
    await clock.run(0);
    expect(outcome.text).toBe('done');
    expect(signalled).toBe(false);
    expect(late).toBe(0);
  });
});

describe('a tool that throws', () => {
  const fails = (value: unknown) => [
    (): never => {
      throw value;
    },
    (): Promise<never> => Promise.reject(value),
    async (): Promise<never> => {
      await wait(10);
      throw value;
    },
  ];

  test('synchronously or later, is told in one sentence without its stack', async () => {
    const cause = new Error('no such\n order');
    for (const execute of fails(cause)) {
      const running = run(tool(execute));
      await clock.run(10);
      const outcome = await running;
      expect(outcome).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_FAILED' });
      expect(outcome.text).toBe('The tool probe failed: no such order');
      expect(outcome.error?.cause).toBe(cause);
      expect(outcome.error?.message).not.toContain('order');
    }
  });

  test('tells the model at most 200 characters, none of them halved', async () => {
    const outcome = await run(
      tool(() => {
        throw new Error(`a${'📞'.repeat(500)}`);
      }),
    );
    expect(outcome.text).toBe(`The tool probe failed: a${'📞'.repeat(199)}`);
  });

  const nameless = new Error('x');
  Object.defineProperty(nameless, 'message', {
    get() {
      throw new Error('no message either');
    },
  });
  test.each([
    ['text', 'gone', 'The tool probe failed: gone'],
    ['nothing', undefined, 'The tool probe failed.'],
    ['an object', { secret: 1 }, 'The tool probe failed.'],
    ['an error without a readable message', nameless, 'The tool probe failed.'],
  ])('may throw %s', async (_title, value, text) => {
    for (const execute of fails(value)) {
      const running = run(tool(execute));
      await clock.run(10);
      expect(await running).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_FAILED', text });
    }
  });
});

describe('the result of a tool', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const shared = { a: 1 };

  test.each([
    ['text as it is', '{not json', '{not json'],
    ['empty text', '', ''],
    ['nothing', undefined, 'null'],
    ['null', null, 'null'],
    ['false', false, 'false'],
    ['zero', 0, '0'],
    ['a list', [1, undefined, 'a'], '[1,null,"a"]'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['one object twice', [shared, shared], '[{"a":1},{"a":1}]'],
    ['what writes itself as nothing', { toJSON: () => undefined }, 'null'],
  ])('%s', async (_title, value, text) => {
    expect(await run(tool(() => value))).toEqual({ ok: true, text, durationMs: 0 });
  });

  test.each([
    ['a cycle', cycle],
    ['a BigInt', 10n],
    ['a BigInt inside', { total: [10n] }],
    ['a function', () => 1],
    ['a function inside', { later: () => 1 }],
    ['a symbol', Symbol('s')],
    ['a symbol inside', { s: Symbol('s') }],
    [
      'what throws when it is read',
      {
        get secret() {
          throw new Error('no');
        },
      },
    ],
  ])('%s is no result', async (_title, value) => {
    const outcome = await run(tool(() => value));
    expect(outcome).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_RESULT' });
    expect(outcome.text).toBe('The tool probe ran, but its result cannot be used.');
    expect(outcome.error?.cause).toBeInstanceOf(Error);
  });

  test('of 32 KB is given whole', async () => {
    const text = 'x'.repeat(32 * 1024);
    expect((await run(tool(() => text))).text).toBe(text);
  });

  test.each([
    ['one byte', 'x', 1],
    ['three bytes', '가', 3],
    ['four bytes', '📞', 4],
  ])('over 32 KB is cut between characters of %s and says so', async (_title, character, size) => {
    for (const lead of ['', 'a', 'ab', 'abc']) {
      const text = lead + character.repeat(Math.ceil((32 * 1024) / size) + 1);
      const outcome = await run(tool(() => text));
      const [kept = '', note = ''] = outcome.text.split('\n');
      expect(outcome.ok).toBe(true);
      expect(Buffer.byteLength(outcome.text)).toBeLessThanOrEqual(32 * 1024);
      expect(Buffer.byteLength(outcome.text)).toBeGreaterThan(32 * 1024 - 4);
      expect(kept.isWellFormed()).toBe(true);
      expect(text.startsWith(kept)).toBe(true);
      expect(note).toBe(`[The result was cut: it had ${Buffer.byteLength(text)} bytes.]`);
    }
  });

  test('is held against `returns`, and what that does not name stays here', async () => {
    const returns = z.object({ status: z.string() });
    const right = tool(() => ({ status: 'sent', card: '4111' }), { returns });
    expect((await run(right)).text).toBe('{"status":"sent"}');
    const wrong = await run(tool(() => ({ status: 4111 }), { returns }));
    expect(wrong).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_RESULT' });
    expect(wrong.error?.message).toContain('invalid_type at status');
    expect(wrong.text + wrong.error?.message).not.toContain('4111');
    const json = tool(() => 5, { returns: { type: 'string' } });
    expect(await run(json)).toMatchObject({ code: 'OFFHOOK_TOOL_RESULT' });
  });
});
