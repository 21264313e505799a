/** @module Opens a call's event log: always, as a file that holds every finished stimulus. */
import type { CallInput } from '../../machines/call/vocabulary.ts';
import { type CallLog, createCallLog, createFileSink, LOG_FORMAT } from '../call-log.ts';
import { hashCharts } from '../chart-hash.ts';
import { VERSION } from '../version.ts';
import type { CallParts } from './parts.ts';

/** @param input read at the chart's start: an outbound call's policy is known only once its session's recipe is. */
export function openLog(
  parts: CallParts,
  path: string,
  input: () => CallInput,
  failed: (error: unknown) => void,
): CallLog {
  const log = createCallLog(
    {
      format: LOG_FORMAT,
      runtime: VERSION,
      call: parts.id,
      epoch: parts.raw.epoch,
      charts: hashCharts(),
      get input() {
        return input();
      },
    },
    createFileSink(path, failed),
  );
  parts.scope.own('log', () => log.close());
  return log;
}
