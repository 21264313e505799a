/**
 * What a program loads before its first call. A package that slips into the start is paid for by every process, and
 * nothing else shows it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const ROOT = new URL('../..', import.meta.url);

const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({ load(url, context, next) { loaded.add(url); return next(url, context); } });
  globalThis.report = () => process.stdout.write(JSON.stringify([...loaded]));
`)}`;

/** The packages that a program of its own process has loaded when it ends. */
function loadedBy(program: string): string[] {
  const flags = ['--conditions=source', '--import', HOOK, '--input-type=module', '--eval'];
  const output = execFileSync(process.execPath, [...flags, `${program}\nreport();`], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const names = (JSON.parse(output) as string[]).map(
    (url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? '',
  );
  return [...new Set(names)].filter((name) => name !== '').sort();
}

const AGENT = `
  import { createAgent } from 'offhook';
  import { openaiRealtime } from 'offhook/openai';
  import { twilio } from 'offhook/twilio';
  const session = () => openaiRealtime({ instructions: 'Be brief.', apiKey: 'none' });
  createAgent({ transports: [twilio({ port: 0, skipSignature: true })], session });
  session();
`;

it('an agent takes these of our packages to make, and no other', () => {
  const loaded = loadedBy(AGENT);
  expect(loaded).toEqual(['rxjs', 'ws', 'xstate', 'zod']);
});

it('the logger loads pino with its first line, which is written before the next thing happens', () => {
  const program = `
    import { createLogger } from './src/runtime/logger.ts';
    const logger = createLogger();
    logger.debug({ at: 1 }, 'not said');
    logger.info({ at: 2 }, 'not said');
    logger.warn({ at: 3 }, 'late');
    logger.error({ at: 4 }, 'lost');
    process.kill(process.pid, 'SIGKILL');
  `;
  const flags = ['--conditions=source', '--input-type=module', '--eval', program];
  const { stderr } = spawnSync(process.execPath, flags, { cwd: ROOT, encoding: 'utf8' });
  const lines = stderr.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 40, time: expect.any(Number) as number, at: 3, msg: 'late' },
    { level: 50, time: expect.any(Number) as number, at: 4, msg: 'lost' },
  ]);
});

it('the API of OpenTelemetry is there at once, also while somebody is importing it', () => {
  const program = `
    import { otel } from './src/trace/api.ts';
    const imported = import('@opentelemetry/api');
    await Promise.resolve();
    const { trace } = otel();
    (await imported).trace.setGlobalTracerProvider({ getTracer: () => 'registered' });
    process.stdout.write(String(trace.getTracerProvider().getTracer('')));
  `;
  const flags = ['--conditions=source', '--input-type=module', '--eval', program];
  expect(execFileSync(process.execPath, flags, { cwd: ROOT, encoding: 'utf8' })).toBe('registered');
});
