/**
 * @module Things that happen in a call, one object each, as the terminal shows them and the report is made from.
 * They come from an agent's events here, and from the exchange's measurements in the demo.
 */
import type { Outcome } from '../call.ts';
import type { AgentEvents, AgentListener } from '../runtime/assemble/events.ts';

export type Happening = { readonly at: number; readonly call: string } & (
  | { readonly type: 'ringing'; readonly from: string; readonly to: string }
  | { readonly type: 'started'; readonly from: string; readonly to: string }
  | { readonly type: 'state'; readonly states: readonly string[]; readonly why: string | undefined }
  | { readonly type: 'said'; readonly role: 'user'; readonly heard: string }
  | {
      readonly type: 'said';
      readonly role: 'assistant';
      readonly generated: string;
      readonly heard: string;
      readonly method: string;
    }
  | { readonly type: 'turn'; readonly latencyMs: number }
  | { readonly type: 'bargeIn'; readonly reactionMs?: number; readonly heardMs?: number }
  | {
      readonly type: 'tool';
      readonly name: string;
      readonly ok: boolean;
      readonly durationMs: number;
      readonly code?: string;
    }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'sessionLost'; readonly code: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'ended'; readonly outcome: Outcome }
  | { readonly type: 'failed'; readonly reason: string }
);

/** What is needed of an agent to watch it. */
export interface Watchable {
  on<Name extends keyof AgentEvents>(name: Name, listener: AgentListener<Name>): () => void;
}

/** Turns everything an agent says of its calls into happenings. @returns a function that stops */
export function watchAgent(
  agent: Watchable,
  now: () => number,
  show: (happening: Happening) => void,
): () => void {
  const stops = [
    agent.on('call_start', ({ id, from, to }) => show({ at: now(), call: id, type: 'started', from, to })),
    agent.on('state', ({ id }, { at, entered, why }) =>
      show({ at, call: id, type: 'state', states: entered, why }),
    ),
    agent.on('transcript', ({ id: call }, role, text, details) => {
      const said = { at: now(), call, type: 'said', heard: text } as const;
      if (role === 'user') return show({ ...said, role });
      return show({ ...said, role, generated: details.generated ?? text, method: details.method ?? 'exact' });
    }),
    agent.on('dtmf', ({ id }, digit) => show({ at: now(), call: id, type: 'digit', digit })),
    agent.on('turn', ({ id }, { latencyMs }) => show({ at: now(), call: id, type: 'turn', latencyMs })),
    agent.on('barge_in', ({ id }, { heardMs }) => show({ at: now(), call: id, type: 'bargeIn', heardMs })),
    agent.on('tool_call', ({ id }, tool) => show({ at: now(), call: id, type: 'tool', ...tool })),
    agent.on('session_lost', ({ id }, { code }) => show({ at: now(), call: id, type: 'sessionLost', code })),
    agent.on('call_end', ({ id }, outcome) => show({ at: now(), call: id, type: 'ended', outcome })),
    agent.on('call_failed', ({ id }, reason) => show({ at: now(), call: id, type: 'failed', reason })),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
