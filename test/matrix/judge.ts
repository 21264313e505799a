/**
 * @module How a call may end after a fault, and what a cell has to show: an allowed end, nothing left open, no
 * silence that nothing explains, and a bound on what is held in memory.
 */
import type { Cell } from './cell.ts';
import type { Fault } from './faults.ts';
import { type SceneEnd, sceneOf } from './scenes.ts';
import { SHORT_MS } from './silence.ts';
import { KINDS, type WireKind } from './wires.ts';

/** Ends by their letters in the table. */
export const ENDS = {
  T: 'talked on: a question asked after the fault was answered in full, and the caller hung up',
  B: 'the agent said goodbye and hung up, as it was about to',
  A: 'an apology was heard, and the call ended: `failed`, by the runtime, reason `session`',
  M: 'the line broke: `failed`, by the platform, reason media (`completed` where the platform saw a close)',
  N: 'never answered: `no-answer`',
  G: 'the caller gave up: nothing of ours arrived whole any more',
  E: 'over already when it happened',
  X: 'any other end; no cell may have it',
} as const;

export type End = keyof typeof ENDS;

export function endOf({ talked, wasOver, outcome }: Cell): End {
  const { status, endedBy, reason } = outcome ?? { status: 'failed', endedBy: 'runtime', reason: 'none' };
  if (wasOver) return 'E';
  if (talked) return status === 'completed' && endedBy === 'caller' ? 'T' : 'X';
  if (endedBy === 'agent' && status === 'completed') return 'B';
  if (endedBy === 'runtime' && status === 'failed' && reason === 'session') return 'A';
  if (endedBy === 'platform' && /^(media|OFFHOOK_MEDIA_FAILED)$/.test(reason)) return 'M';
  if (status === 'no-answer') return 'N';
  return status === 'completed' && endedBy === 'caller' ? 'G' : 'X';
}

const SCENE_END: Readonly<Record<SceneEnd, End>> = { talked: 'T', goodbye: 'B', apology: 'A', over: 'E' };

/** Ends that a fault may bring about, beside the one the scene comes to by itself, and why they are the right ones. */
export const ALLOWED: Readonly<
  Record<WireKind, Partial<Record<Fault, { ends: readonly End[]; why: string }>>>
> = {
  control: {
    stalled: { ends: ['N'], why: 'nobody else could say that the callee has answered' },
    'half-open': { ends: ['N'], why: 'nobody else could say that the callee has answered' },
  },
  media: {
    killed: { ends: ['M'], why: 'a media token works once: there is no second connection' },
    reset: { ends: ['M'], why: 'a media token works once: there is no second connection' },
    garbled: { ends: ['M'], why: 'a WebSocket does not outlive bytes that are no frame' },
    stalled: { ends: ['M'], why: 'no frame of the caller for 30 s is a dead line' },
    'half-open': { ends: ['M'], why: 'no frame of the caller for 30 s is a dead line' },
    slow: { ends: ['G', 'M'], why: 'the caller is heard and not spoken to: theirs to decide' },
  },
  model: {
    stalled: { ends: ['A'], why: 'the one handshake that the caller can wait for did not come through' },
    'half-open': { ends: ['A'], why: 'the one handshake that the caller can wait for did not come through' },
  },
};

/** The same for one state. */
const EXCEPTIONS: readonly {
  state: string;
  kind: WireKind;
  fault: Fault;
  ends: readonly End[];
  why: string;
}[] = [
  {
    state: 'call live.dialogue.greeting.closed',
    kind: 'model',
    fault: 'flooded',
    ends: ['G'],
    why: 'a greeting that nobody may interrupt has become three minutes long',
  },
];

/** All that may happen, as the page lists it. */
export function allowances(): readonly (readonly [string, string, string])[] {
  const general = KINDS.flatMap((kind) =>
    Object.entries(ALLOWED[kind]).map(
      ([fault, { ends, why }]) => [`${kind}, ${fault}`, ends.join(' '), why] as const,
    ),
  );
  const special = EXCEPTIONS.map(
    ({ state, kind, fault, ends, why }) =>
      [`${kind}, ${fault}, in \`${state}\``, ends.join(' '), why] as const,
  );
  return [...general, ...special];
}

const exceptionOf = ({ state, kind, fault }: Cell): readonly End[] =>
  EXCEPTIONS.find((entry) => entry.state === state && entry.kind === kind && entry.fault === fault)?.ends ??
  [];

/** All buffers of a call together. */
export const MOST_HELD = 1_048_576;

/** What is wrong with a cell; nothing, if all is well. */
export function judge(cell: Cell): string[] {
  const { state, kind, fault, struck, silence, peak, left } = cell;
  const end = endOf(cell);
  const own = SCENE_END[sceneOf(state).end ?? 'talked'];
  const allowed = [own, ...(ALLOWED[kind][fault]?.ends ?? []), ...exceptionOf(cell)];
  const wrong: string[] = [];
  if (struck === 'missed') wrong.push('the state was never met');
  if (!allowed.includes(end)) {
    wrong.push(`ended as ${end} (${JSON.stringify(cell.outcome)}), allowed: ${allowed.join(', ')}`);
  }
  if (silence.unexplained > SHORT_MS) {
    wrong.push(`${silence.unexplained} ms of silence that nothing explains, at ${silence.at}`);
  }
  if (peak > MOST_HELD) wrong.push(`${peak} bytes held`);
  if (left.length > 0) wrong.push(`left open: ${left.join('; ')}`);
  return wrong;
}
