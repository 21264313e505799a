/** @module Makes the handle a program holds: it looks at the call and passes on what is asked of it. */
import { type CallHandle, cutAudio, readAudio } from '../../call.ts';
import type { Outcome } from '../../call.ts';
import type { CallEvent } from '../../machines/call/vocabulary.ts';
import type { CallState } from '../../call.ts';
import type { Line } from './line.ts';
import type { CallParts } from './parts.ts';
import type { Progress } from './progress.ts';
import type { Verbs } from './verbs.ts';

export interface HandleHost {
  readonly line: Line;
  readonly verbs: Verbs;
  readonly progress: Progress;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly ended: Promise<Outcome>;
  send(event: CallEvent): void;
  state(): CallState;
}

export function createHandle(parts: CallParts, host: HandleHost): CallHandle {
  const { info, record, clock, leg } = parts;
  return {
    id: parts.id,
    get platformId() {
      return leg.info.id;
    },
    direction: info.direction,
    from: info.from,
    to: info.to,
    metadata: { ...host.metadata },
    get usage() {
      const { turns, bargeIns, toolCalls } = host.progress;
      return { turns, bargeIns, toolCalls, tokens: addUsage(parts) };
    },
    get state() {
      return host.state();
    },
    ended: host.ended,
    say: (text) => host.verbs.say(text),
    collectDigits: (options) => host.verbs.collectDigits(options),
    sendDigits: (digits) => host.verbs.sendDigits(digits),
    sendAudio(audio: Int16Array | Uint8Array, options?: { codec: 'ulaw' | 'alaw' }) {
      host.verbs.checkTalking();
      const bytes = readAudio(leg.can.codec, audio, options);
      const gen = parts.takeGeneration();
      record.begin(gen, 'audio', '');
      clock.stimulus(() => {
        host.send({ type: 'gen.started', gen, own: true });
        host.send({ type: 'gen.audio', gen });
        for (const chunk of cutAudio(bytes, gen)) host.line.speak(chunk);
        host.send({ type: 'gen.done', gen, audioMs: bytes.length / 8, tools: 0, reason: 'completed' });
      });
    },
    hangup(reason = 'agent') {
      host.send({ type: 'agent.end', reason });
      return host.ended;
    },
  };
}

/** What the vendor counted, added up over all generations. */
function addUsage(parts: CallParts): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const entry of parts.record.entries) {
    if (entry.role !== 'assistant' || !entry.usage) continue;
    for (const [name, count] of Object.entries(entry.usage)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
