/**
 * @module The state of one session and the few things all its parts do with it.
 */
import type { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type Conversation, createConversation } from './conversation.ts';
import { createCursor, type Cursor } from './cursor.ts';
import type { ConnectionRequest, Counters, Latency, ScriptRequest } from './options.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createRecorder, type Recorder } from './record.ts';
import type { ResponseEnd, RunningResponse } from './response.ts';
import type { ConversationScript } from './script.ts';
import { defaultSettings, type SessionSettings } from './settings.ts';
import type { WireError } from './wire.ts';

export interface SessionOptions extends ConnectionRequest {
  readonly socket: WebSocket;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly script: (request: ScriptRequest) => ConversationScript;
  readonly latency: Latency;
  readonly speedup: number;
  readonly deltaMs: readonly number[];
  readonly keepAudio: boolean;
  readonly maxSessionMs: number | undefined;
}

/** The state of a session, shared by its parts. */
export interface Core {
  readonly options: SessionOptions;
  readonly id: string;
  readonly outbox: Outbox;
  readonly conversation: Conversation;
  readonly recorder: Recorder;
  readonly responses: ResponseEnd[];
  readonly timers: Set<TimerHandle>;
  settings: SessionSettings;
  cursor: Cursor | undefined;
  active: RunningResponse | undefined;
  closed: { readonly code: number; readonly reason: string; readonly at: number } | undefined;
  items: number;
  calls: number;
}

export function createCore(options: SessionOptions): Core {
  const { connection, socket, clock, counters, latency } = options;
  const id = `sess_${connection}`;
  const outbox = createOutbox({
    clock,
    delayMs: latency.perMessageMs,
    name: String(connection),
    write: (data, binary) => socket.send(data, { binary }),
    count: (type) => {
      if (type === 'error') counters.errors += 1;
    },
  });
  counters.open += 1;
  return {
    options,
    id,
    outbox,
    conversation: createConversation(),
    recorder: createRecorder(options.keepAudio),
    responses: [],
    timers: new Set(),
    settings: defaultSettings(id, options.model),
    cursor: undefined,
    active: undefined,
    closed: undefined,
    items: 0,
    calls: 0,
  };
}

export function sharedParts(core: Core) {
  const { connection } = core.options;
  return {
    outbox: core.outbox,
    conversation: core.conversation,
    settings: () => core.settings,
    cursor: () => cursorOf(core),
    nextItemId: () => `item_${connection}_${(core.items += 1)}`,
    nextCallId: () => `call_${connection}_${(core.calls += 1)}`,
    later: (ms: number, run: () => void) => later(core, ms, run),
  };
}

export function cursorOf(core: Core): Cursor {
  const { connection, model, headers, script } = core.options;
  core.cursor ??= createCursor(
    script({
      connection,
      model,
      headers,
      instructions: core.settings.instructions ?? '',
      tools: (core.settings.tools ?? []).flatMap((tool) => ('name' in tool && tool.name ? [tool.name] : [])),
    }),
  );
  return core.cursor;
}

export function later(core: Core, ms: number, run: () => void): void {
  if (core.closed) return;
  const timer = core.options.clock.setTimeout(() => {
    core.timers.delete(timer);
    run();
  }, ms);
  core.timers.add(timer);
}

export function refuse(core: Core, error: WireError): void {
  core.recorder.refused(error.code ?? error.type ?? '');
  sendError(core, error);
}

export function sendError(core: Core, error: WireError): void {
  const defaults = { type: 'invalid_request_error', code: null, param: null, event_id: null };
  core.outbox.send({ type: 'error', error: { ...defaults, ...error } });
}

export function close(core: Core, code: number, reason: string): void {
  core.active?.stop();
  core.active = undefined;
  core.outbox.act(() => core.options.socket.close(code, reason));
}
