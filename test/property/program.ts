/**
 * @module The program around a random call: screens it, listens to its start, runs its tools, plays audio of its own.
 */
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import type { Line } from '../../src/runtime/assemble/line.ts';
import type { OpenPort } from '../../src/runtime/switchboard.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { Fact } from './world.ts';
import { createTiming } from './timing.ts';

export interface Program {
  screen: 'accept' | 'reject' | 'silent';
  /** Whether the listeners of `call_start` come to an end. */
  starts: boolean;
  /** How long a tool takes, in ms. */
  toolTime: number;
}

/** The ports behind which the program stands; the product's own wait on promises, which virtual time does not. */
export function createProgramPorts(
  clock: Clock,
  program: Program,
  policy: CallPolicy,
): Record<'screen' | 'start' | 'tool', OpenPort> {
  return {
    screen(_input, tell) {
      const { later, cancelAll } = createTiming(clock);
      later(40, () => {
        if (program.screen === 'silent') return;
        tell({ type: 'screen.done', accept: program.screen === 'accept', code: '', policy });
      });
      return { close: cancelAll };
    },
    start(_input, tell) {
      const { later, cancelAll } = createTiming(clock);
      later(program.starts ? 60 : 5_000, () => tell({ type: 'start.done' }));
      return { close: cancelAll };
    },
    tool(input, tell) {
      const { later, cancelAll } = createTiming(clock);
      const done = (ok: boolean): void => tell({ type: 'tool.done', call: input['tool'], ok });
      later(program.toolTime, () => done(true));
      return { order: () => later(1, () => done(false)), close: cancelAll };
    },
  };
}

/** Audio of the program's own is a generation nobody asked the model for. */
export function playAudio(gen: number, ms: number, line: Line, send: (fact: Fact) => void): void {
  send({ type: 'gen.started', gen, own: true });
  send({ type: 'gen.audio', gen });
  line.speak(chunkOfBytes(new Uint8Array(ms * 8), gen));
  send({ type: 'gen.done', gen, audioMs: ms, tools: 0, reason: 'completed' });
}
