/**
 * @module What the session chart is walked along: the slot for a response, the losses of connections, and both at once.
 */
import type { SessionContext } from '../../src/machines/session/vocabulary.ts';
import { createSessionRig, sessionCandidates, sessionLogic, type SessionSnapshot } from './session-rig.ts';
import type { Inspector, Walk } from './walk.ts';

const SESSION = {
  logic: sessionLogic,
  input: { call: 'x' },
  candidates: sessionCandidates,
  start: (inspect?: Inspector) => createSessionRig(inspect),
};

const foldSlot = ({ value, context }: SessionSnapshot): readonly unknown[] => {
  const { request, gen, queue, withdrawn } = context;
  return [value, request > 0, gen > 0, queue.map(({ type }) => type === 'generate'), withdrawn];
};

export const SESSION_SLOT: Walk<SessionContext> = {
  ...SESSION,
  name: 'the slot',
  folding: 'upkeep × response × request × generation × queue ≤ 2 × withdrawn',
  takes: () => true,
  fold: foldSlot,
};

export const SESSION_LOSSES: Walk<SessionContext> = {
  ...SESSION,
  name: 'losses',
  folding: 'upkeep × losses × whether for good',
  takes: (symbol) => /^(open|close|session|xstate\.after\.(openMax|backoff|stable))/.test(symbol),
  fold: ({ value, context }) => [(value as { upkeep: unknown }).upkeep, context.losses, context.permanent],
};

/** Both at once. */
export const SESSION_PRODUCT: Walk<SessionContext> = {
  ...SESSION,
  name: 'the slot, whatever was lost before',
  folding: 'upkeep × losses × response × request × generation × queue ≤ 2 × withdrawn',
  takes: () => true,
  fold: (snapshot) => [...foldSlot(snapshot), snapshot.context.losses, snapshot.context.permanent],
};
