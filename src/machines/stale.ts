/**
 * @module The one place where stale events are dropped. Whatever a provider or a carrier sends names a generation,
 * a connection, a media epoch, a request or a tool call; if that is no longer alive, the event never reaches a chart.
 */
import type { CallContext, CallEvent } from './call/vocabulary.ts';

/** Says why an event is stale for the call as it stands, or nothing if it is not. */
export function staleForCall(context: CallContext, event: CallEvent): string | undefined {
  switch (event.type) {
    case 'gen.started':
      return event.gen <= context.lastGen ? 'generation' : undefined;
    case 'gen.failed':
      if (event.gen !== undefined) return isLive(context, event.gen) ? undefined : 'generation';
      return context.asked.some((entry) => entry.request === event.request) ? undefined : 'request';
    case 'gen.audio':
    case 'gen.done':
    case 'gen.stalled':
    case 'playout.drained':
      return isLive(context, event.gen) ? undefined : 'generation';
    case 'tool.call':
      if (context.toolsSeen.includes(event.call)) return 'tool';
      return isLive(context, event.gen) ? undefined : 'generation';
    case 'playout.cut':
      return context.cutting.some((entry) => entry.gen === event.gen) ? undefined : 'generation';
    case 'tool.done':
      return context.tools.some((run) => run.call === event.call && run.status === 'running')
        ? undefined
        : 'tool';
    case 'voice.start':
    case 'voice.stop':
      return event.epoch === context.connection && event.epoch !== 0 ? undefined : 'detector';
    case 'session.ready':
      return event.connection <= context.lastConnection ? 'connection' : undefined;
    case 'session.lost':
      return event.connection === context.connection ? undefined : 'connection';
    case 'leg.mediaStarted':
      return event.epoch <= context.mediaEpoch ? 'media' : undefined;
    case 'leg.mediaStopped':
    case 'media.stalled':
    case 'media.flowing':
      return event.epoch === context.mediaEpoch ? undefined : 'media';
    case 'target.answered':
    case 'target.accepted':
    case 'transfer.bridged':
    case 'transfer.completed':
    case 'transfer.failed':
      return event.request === context.transfer?.request ? undefined : 'transfer';
    default:
      return undefined;
  }
}

function isLive(context: CallContext, gen: number): boolean {
  return context.gens.some((entry) => entry.gen === gen);
}
