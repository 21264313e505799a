/**
 * @module Records a call: taps the line, and follows the chart's `recording` region and its `away` tag.
 */
import { createRecorder, type RecordingSummary } from '../../audio/recorder.ts';
import type { CallState } from '../../call.ts';
import type { CallEvent } from '../../machines/call/vocabulary.ts';
import { type Line, tap } from './line.ts';
import type { CallParts } from './parts.ts';

export interface Recording {
  follow(state: CallState, tags: ReadonlySet<string>): void;
  /** Known once the call is over. */
  summary(): RecordingSummary | undefined;
}

export function recordCall(
  parts: CallParts,
  line: Line,
  directory: string,
  send: (event: CallEvent) => void,
): Recording {
  let summary: RecordingSummary | undefined;
  let silent = false;
  let away = false;
  const failed = (name: string): void => send({ type: 'tap.failed', tap: name, code: 'OFFHOOK_TAP_FAILED' });
  const recorder = createRecorder({
    directory,
    callId: parts.id,
    codec: parts.leg.can.codec,
    onError: (error) => {
      parts.counters.tapErrors += 1;
      parts.logger.error({ call: parts.id, code: error.code }, 'the recording cannot be written');
      failed('recorder');
    },
  });
  tap(parts, line.taps.caller$, 'recorder', (chunk) => recorder.caller(chunk), failed);
  tap(parts, line.taps.agent$, 'recorder', ({ chunk, at }) => recorder.agent(chunk, at), failed);
  tap(parts, line.taps.cleared$, 'recorder', (at) => recorder.cleared(at), failed);
  parts.scope.own('recorder', () => {
    summary = recorder.close();
  });
  return {
    follow(state, tags) {
      const paused = state.recording === 'paused' || state.recording === 'off';
      if (paused !== silent) {
        silent = paused;
        if (paused) recorder.pause();
        else recorder.resume();
      }
      if (tags.has('away') !== away) {
        away = !away;
        recorder.away(away);
      }
    },
    summary: () => summary,
  };
}
