/**
 * @module The cold start: from starting a process to its listening, and to the first audio that its first caller hears.
 * Nothing is loaded into it, and the model answers at once.
 */
import { answer, CORE, start, stop } from './children.ts';
import type { LoadAnswer, LoadOrder } from './load/main.ts';
import { startLoad, withDirectory } from './measure.ts';
import type { Programs } from './programs.ts';
import type { Subject } from './subjects.ts';

/** One start. Times in ms from the start of the process. */
export interface ColdStart {
  readonly subject: string;
  readonly listening: number;
  readonly firstAudio: number;
}

const NANOSECONDS = 1e6;

export function measureStart(subject: Subject, programs: Programs): Promise<ColdStart> {
  return withDirectory(async (directory) => {
    const { load, model } = await startLoad();
    const began = process.hrtime.bigint();
    const child = start({
      file: programs.find(subject.file),
      core: CORE.subject,
      flags: programs.flags(subject),
      environment: { ...subject.environment, OPENAI_BASE_URL: model, BENCH_DIRECTORY: directory },
    });
    try {
      const { port } = await answer<{ kind: 'ready'; port: number }>(child, 'ready');
      const listening = Number(process.hrtime.bigint() - began) / NANOSECONDS;
      const heard = answer<Extract<LoadAnswer, { kind: 'firstAudio' }>>(load, 'firstAudio');
      const url = `http://127.0.0.1:${port}${subject.path}`;
      load.send({ do: 'call', url, from: 0, to: 1 } satisfies LoadOrder);
      const { at } = await heard;
      return {
        subject: subject.name,
        listening,
        firstAudio: Number(BigInt(at) - began) / NANOSECONDS,
      };
    } finally {
      await Promise.all([stop(child), stop(load)]);
    }
  });
}
