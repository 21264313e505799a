/**
 * @module What can happen to a call in a given state, as symbols: `gen.done reply` is resolved against the state it
 * meets, so that a path found on one concrete run means the same on another.
 */
import type { EventObject } from 'xstate';
import { REPEAT_GREETING_BELOW } from '../../src/machines/call/context.ts';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import type { Snapshot } from './rig.ts';

/** Symbol → event. */
export type Candidates = Map<string, EventObject>;

/** Live generations and requests are enough of each; more only repeat what two can do. */
const MOST_ALIVE = 2;

/** What the outside could send now, whether or not the chart has anything to do on it. */
export function candidatesOf(snapshot: Snapshot, policy: CallPolicy): Candidates {
  const found: Candidates = new Map();
  const add = (symbol: string, event: EventObject & Record<string, unknown>): void => {
    if (!found.has(symbol)) found.set(symbol, event);
  };
  const { context } = snapshot;
  addLine(snapshot, add);
  // No session is opened before a call is taken.
  if (!snapshot.matches({ ringing: 'screening' })) addSession(snapshot, add);
  addGenerations(snapshot, add);
  addTools(snapshot, add);
  const plain = [
    'say.requested',
    'record.start',
    'record.pause',
    'record.resume',
    'record.stop',
    'limit.reached',
    'start.done',
    'greeting.aged',
  ];
  for (const type of plain) add(type, { type });
  add('agent.end', { type: 'agent.end', reason: 'test' });
  add('fault', { type: 'fault', actor: 'test', code: 'TEST' });
  add('screen.done yes', { type: 'screen.done', accept: true, code: '', policy });
  add('screen.done no', { type: 'screen.done', accept: false, code: 'no', policy });
  add('digits.key', { type: 'digits.key', class: 'digit', n: 1 });
  add('digits.key #', { type: 'digits.key', class: 'hash', n: 1 });
  add('digits.collect', { type: 'digits.collect', request: 1, max: 2, first: 5_000, next: 5_000 });
  for (const after of ['terminate', 'return'] as const) {
    const request = `t${context.lastRequest + 1}`;
    add(`transfer.requested ${after}`, { type: 'transfer.requested', request, after });
  }
  for (const node of snapshot._nodes) {
    for (const { eventType } of node.after) add(eventType, { type: eventType });
  }
  return found;
}

type Add = (symbol: string, event: EventObject & Record<string, unknown>) => void;

function addLine({ context }: Snapshot, add: Add): void {
  for (const type of ['leg.ringing', 'leg.answered', 'leg.beep']) add(type, { type });
  add('leg.hangup', { type: 'leg.hangup', by: 'caller', status: 'completed' });
  if (!context.finalWord) add('leg.ended', { type: 'leg.ended', status: 'completed', durationMs: 1 });
  add('leg.verdict machine', { type: 'leg.verdict', result: 'machine' });
  add('leg.verdict human', { type: 'leg.verdict', result: 'human' });
  const epoch = context.mediaOpen;
  if (epoch === 0) add('leg.mediaStarted', { type: 'leg.mediaStarted', epoch: context.mediaEpoch + 1 });
  else {
    add('leg.mediaStopped', { type: 'leg.mediaStopped', epoch, expected: false });
    add('leg.mediaStopped expected', { type: 'leg.mediaStopped', epoch, expected: true });
    add('media.stalled', { type: 'media.stalled', epoch });
    add('media.flowing', { type: 'media.flowing', epoch });
  }
  if (context.transfer === null) return;
  const { request } = context.transfer;
  for (const type of ['target.answered', 'target.accepted', 'transfer.bridged', 'transfer.completed']) {
    add(type, { type, request });
  }
  add('transfer.failed', { type: 'transfer.failed', request, reason: 'busy' });
}

function addSession(snapshot: Snapshot, add: Add): void {
  const { context } = snapshot;
  const { connection, lastConnection, gens, mediaOpen } = context;
  if (connection === 0) {
    add('session.ready', { type: 'session.ready', connection: lastConnection + 1 });
    if (context.sessionFailed === null) add('session.failed', { type: 'session.failed', code: 'TEST' });
    return;
  }
  const lost = { type: 'session.lost', connection, code: 'TEST' };
  add('session.lost', lost);
  const isHeard = mediaOpen > 0 && snapshot.hasTag('speak.live');
  if (isHeard && gens.some(({ kind, audio }) => kind === 'greeting' && audio)) {
    add('session.lost, greeting heard', { ...lost, heardMs: REPEAT_GREETING_BELOW });
  }
  add('voice.start', { type: 'voice.start', epoch: connection });
  add('voice.stop', { type: 'voice.stop', epoch: connection });
  add('turn.committed', { type: 'turn.committed', turn: 'u', chars: 5 });
  add('turn.committed empty', { type: 'turn.committed', turn: 'u', chars: 0 });
  add('turn.reopened', { type: 'turn.reopened', turn: 'u' });
}

function addGenerations({ context }: Snapshot, add: Add): void {
  const gen = context.lastGen + 1;
  const room = context.gens.length < MOST_ALIVE;
  for (const { request, kind } of context.asked) {
    if (room) add(`gen.started ${kind}`, { type: 'gen.started', gen, request });
    add(`gen.failed asked ${kind}`, { type: 'gen.failed', request, code: 'TEST' });
    add(`gen.failed superseded ${kind}`, { type: 'gen.failed', request, code: 'superseded' });
  }
  if (room && context.connection > 0) {
    add('gen.started self', { type: 'gen.started', gen });
    add('gen.started withdrawn', { type: 'gen.started', gen, request: context.lastRequest + 1_000 });
  }
  if (room) add('gen.started own', { type: 'gen.started', gen, own: true });
  const [line] = context.withdrawnLines;
  if (line !== undefined) add('gen.started withdrawn line', { type: 'gen.started', gen, request: line });
  for (const entry of context.gens) {
    const name = `${entry.kind}${entry.audio ? '+' : ''}`;
    if (entry.phase === 'done') {
      const drained = { type: 'playout.drained', gen: entry.gen, playedMs: 2_000, method: 'mark' };
      add(`playout.drained ${entry.kind}`, drained);
      continue;
    }
    if (!entry.audio) add(`gen.audio ${entry.kind}`, { type: 'gen.audio', gen: entry.gen });
    const tools = context.tools.filter((run) => run.gen === entry.gen).length;
    const audioMs = entry.audio ? 2_000 : 0;
    add(`gen.done ${name}`, { type: 'gen.done', gen: entry.gen, audioMs, tools, reason: 'completed' });
    add(`gen.failed ${name}`, { type: 'gen.failed', gen: entry.gen, code: 'TEST' });
    add(`gen.stalled ${name}`, { type: 'gen.stalled', gen: entry.gen });
  }
}

function addTools({ context }: Snapshot, add: Add): void {
  const entry = context.gens.find(({ kind, phase }) => kind === 'reply' && phase === 'generating');
  const greeting = context.gens.find(({ kind, phase }) => kind === 'greeting' && phase === 'generating');
  const call = `c${context.toolsSeen.length + 1}`;
  const gen = (entry ?? greeting)?.gen;
  if (gen !== undefined && context.tools.length < MOST_ALIVE) {
    add('tool.call', { type: 'tool.call', gen, call, name: 'book' });
  }
  if (gen !== undefined && context.toolsSeen.length < 3) {
    add('tool.call hang_up', { type: 'tool.call', gen, call, name: 'hang_up' });
  }
  const running = context.tools.find((run) => run.status === 'running');
  if (running) add('tool.done', { type: 'tool.done', call: running.call, ok: true });
}

/** How much was heard of what an event makes the agent cut; most say nothing about it. */
export const heardMsOf = (event: EventObject): number => (event as { heardMs?: number }).heardMs ?? 0;

/** How far the playout came, as it says on a flush. */
export const playoutCut = (gen: number, playedMs: number): EventObject =>
  ({
    type: 'playout.cut',
    gen,
    playedMs,
    method: 'exact',
  }) as EventObject;

/** What a playout answers to the cuts a step has led to, where anything was heard. */
export function cutsAfter({ context }: Snapshot, event: EventObject): readonly EventObject[] {
  const heardMs = heardMsOf(event);
  return heardMs > 0 ? context.cutting.map(({ gen }) => playoutCut(gen, heardMs)) : [];
}

/** Events about what is no longer alive, or came before: none of them may change anything. */
export function staleEventsOf({ context }: Snapshot): EventObject[] {
  const { connection, lastConnection, lastGen, mediaOpen, mediaEpoch, gens, tools } = context;
  const dead = [0, lastGen, lastGen + 7].filter((gen) => !gens.some((entry) => entry.gen === gen));
  const events: (EventObject & Record<string, unknown>)[] = [
    { type: 'gen.started', gen: lastGen },
    { type: 'gen.failed', request: context.lastRequest + 7, code: 'TEST' },
    { type: 'playout.cut', gen: lastGen + 7, playedMs: 1, method: 'exact' },
    { type: 'tool.done', call: 'never', ok: true },
    { type: 'session.ready', connection: lastConnection },
    { type: 'session.lost', connection: connection + 1, code: 'TEST' },
    { type: 'voice.start', epoch: connection + 1 },
    { type: 'voice.stop', epoch: connection + 1 },
    { type: 'voice.start', epoch: 0 },
    { type: 'leg.mediaStarted', epoch: mediaEpoch },
    { type: 'leg.mediaStopped', epoch: mediaOpen === 0 ? mediaEpoch || 1 : mediaOpen + 1, expected: false },
    { type: 'media.stalled', epoch: mediaOpen + 1 },
    { type: 'media.flowing', epoch: mediaOpen + 1 },
    { type: 'target.answered', request: 'other' },
    { type: 'target.accepted', request: 'other' },
    { type: 'transfer.bridged', request: 'other' },
    { type: 'transfer.completed', request: 'other' },
    { type: 'transfer.failed', request: 'other', reason: 'busy' },
  ];
  for (const gen of dead) {
    events.push(
      { type: 'gen.audio', gen },
      { type: 'gen.done', gen, audioMs: 1, tools: 0, reason: 'completed' },
      { type: 'gen.failed', gen, code: 'TEST' },
      { type: 'gen.stalled', gen },
      { type: 'playout.drained', gen, playedMs: 1, method: 'mark' },
      { type: 'tool.call', gen, call: `dead${gen}`, name: 'book' },
    );
  }
  for (const { gen, audio, phase } of gens) {
    if (audio) events.push({ type: 'gen.audio', gen });
    if (phase === 'generating') events.push({ type: 'playout.drained', gen, playedMs: 1, method: 'mark' });
    else events.push({ type: 'gen.done', gen, audioMs: 1, tools: 0, reason: 'completed' });
  }
  for (const call of context.toolsSeen) events.push({ type: 'tool.call', gen: lastGen, call, name: 'book' });
  for (const run of tools)
    if (run.status === 'given') events.push({ type: 'tool.done', call: run.call, ok: true });
  if (connection > 0) events.push({ type: 'session.failed', code: 'TEST' });
  else events.push({ type: 'turn.committed', turn: 'u', chars: 5 }, { type: 'turn.reopened', turn: 'u' });
  return events;
}
