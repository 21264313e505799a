/**
 * @module Draws a call from its event log. `node scripts/draw-call.ts` runs the demo in virtual time and writes
 * docs/call.svg (`--check`: exit code 1 where it is stale); `node scripts/draw-call.ts LOG [OUT.svg]` draws any call.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorld } from '../src/cli/demo-world.ts';
import { measureBargeIns, measureTurns } from '../src/cli/measure.ts';
import type { CallEvent } from '../src/exchange/index.ts';
import { fileNameOf } from '../src/runtime/call-log.ts';
import { createMemoryTracing } from '../src/trace/memory.ts';
import { readCallFacts, type Span, type Words } from './lib/call-facts.ts';
import { drawCall } from './lib/call-picture.ts';
import { readCallWords } from './lib/call-words.ts';
import { finish } from './lib/generated.ts';
import type { Side } from './lib/svg.ts';

const PICTURE = 'docs/call.svg';

/** Runs the demo and draws it. The same seed gives the same bytes. */
export async function drawDemo(side: Side | 'both' = 'both'): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-draw-'));
  try {
    const world = createWorld({
      fast: true,
      seed: 1,
      provider: 'local',
      language: 'en',
      directory,
      port: 0,
      caller: undefined,
      tracerProvider: createMemoryTracing().provider,
    });
    const caller: string[] = [];
    const agent = new Map<number, Words>();
    await world.open();
    world.agent.on('transcript', (_call, role, text, { gen, generated }) => {
      if (role === 'user') caller.push(text);
      else if (gen !== undefined) agent.set(gen, { heard: text, generated: generated ?? text });
    });
    const { call } = await world.call();
    await world.close();
    const facts = readCallFacts(readFileSync(join(directory, `${fileNameOf(call.id)}.call.log`), 'utf8'));
    return drawCall(
      // The caller's end of the line knows to the frame when the caller spoke; a detector knows it later.
      { ...facts, caller: voicesOf(call.events, facts.begin) },
      {
        title: 'The demo call on a time axis',
        words: { caller, agent },
        reactions: measureBargeIns(call).map(({ reactionMs }) => reactionMs),
        latencies: measureTurns(call).map(({ latencyMs }) => latencyMs),
        side,
      },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function voicesOf(events: readonly CallEvent[], begin: number): Span[] {
  return events.flatMap((event, index) => {
    if (event.type !== 'callerVoiceStart') return [];
    const stop = events.slice(index).find(({ type }) => type === 'callerVoiceStop');
    return stop ? [{ start: event.at - begin, end: stop.at - begin }] : [];
  });
}

/** Draws a call from a log file, with its words where the call's record lies beside it. */
export function drawLog(path: string): string {
  const record = path.replace(/\.call\.log$/, '.call.jsonl');
  const words =
    record !== path && existsSync(record) ? { words: readCallWords(readFileSync(record, 'utf8')) } : {};
  return drawCall(readCallFacts(readFileSync(path, 'utf8')), { title: 'A call on a time axis', ...words });
}

if (import.meta.main) {
  const [log, out = 'call.svg'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  if (log === undefined) finish(new Map([[PICTURE, await drawDemo()]]), { remake: 'npm run docs' });
  else writeFileSync(out, drawLog(log));
}
