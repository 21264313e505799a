/**
 * @module The one place where stale events are dropped. Whatever a provider or a carrier sends names a generation,
 * a connection, a media epoch, a request or a tool call; if that is no longer alive, the event never reaches a chart.
 */
import type { CallContext, CallEvent, Generation } from './call/vocabulary.ts';
import type { SessionContext, SessionEvent } from './session/vocabulary.ts';

/** Says why an event is stale for the call as it stands, or nothing if it is not. */
export function staleForCall(context: CallContext, event: CallEvent): string | undefined {
  switch (event.type) {
    case 'gen.started':
      return event.gen <= context.lastGen ? 'generation' : undefined;
    case 'gen.failed':
      if (event.gen !== undefined) return isGenerating(context, event.gen) ? undefined : 'generation';
      return context.asked.some((entry) => entry.request === event.request) ? undefined : 'request';
    case 'gen.audio':
      // A second "first audio" would answer a turn that came after it.
      return isGenerating(context, event.gen) && !live(context, event.gen)?.audio ? undefined : 'generation';
    case 'gen.done':
    case 'gen.stalled':
      return isGenerating(context, event.gen) ? undefined : 'generation';
    case 'playout.drained':
      return live(context, event.gen)?.phase === 'done' ? undefined : 'generation';
    case 'tool.call':
      if (context.toolsSeen.includes(event.call)) return 'tool';
      return live(context, event.gen) ? undefined : 'generation';
    case 'playout.cut':
      return context.cutting.some((entry) => entry.gen === event.gen) ? undefined : 'generation';
    case 'tool.done':
      return context.tools.some((run) => run.call === event.call && run.status === 'running')
        ? undefined
        : 'tool';
    case 'voice.start':
    case 'voice.stop':
      return event.epoch === context.connection && event.epoch !== 0 ? undefined : 'detector';
    case 'turn.committed':
    case 'turn.reopened':
      return context.connection === 0 ? 'connection' : undefined;
    case 'session.ready':
      return event.connection <= context.lastConnection ? 'connection' : undefined;
    case 'session.lost':
      return event.connection === context.connection ? undefined : 'connection';
    case 'session.failed':
      return context.connection > 0 ? 'connection' : undefined;
    case 'leg.mediaStarted':
      return event.epoch <= context.mediaEpoch ? 'media' : undefined;
    case 'leg.mediaStopped':
    case 'media.stalled':
    case 'media.flowing':
      return event.epoch === context.mediaOpen ? undefined : 'media';
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

/** The same for the session chart: only the connection that is up has anything to say. */
export function staleForSession(context: SessionContext, event: SessionEvent): string | undefined {
  return 'connection' in event && event.connection !== context.up ? 'connection' : undefined;
}

function live(context: CallContext, gen: number): Generation | undefined {
  return context.gens.find((entry) => entry.gen === gen);
}

function isGenerating(context: CallContext, gen: number): boolean {
  return live(context, gen)?.phase === 'generating';
}
