/**
 * @module What each client event does. A handler returns the error to answer with, and then has done nothing.
 */
import type {
  ConversationItemCreateEvent,
  ConversationItemTruncateEvent,
  RealtimeResponseCreateParams,
  SessionUpdateEvent,
} from 'openai/resources/realtime/realtime';
import type { Conversation } from './conversation.ts';
import type { Cursor } from './cursor.ts';
import type { Outbox } from './outbox.ts';
import type { Recorder } from './record.ts';
import type { RunningResponse } from './response.ts';
import { mergeSettings, type SessionSettings } from './settings.ts';
import type { Turns } from './turns.ts';
import type { ClientEvent, Item, WireError } from './wire.ts';

/** What the handlers may touch of a session. */
export interface HandlerHost {
  readonly outbox: Outbox;
  readonly conversation: Conversation;
  readonly recorder: Recorder;
  readonly turns: Turns;
  settings(): SessionSettings;
  apply(settings: SessionSettings): void;
  cursor(): Cursor;
  active(): RunningResponse | undefined;
  nextItemId(): string;
  nextCallId(): string;
  respond(params: RealtimeResponseCreateParams, eventId: string | undefined): void;
}

type Refused = WireError | undefined;

/** Handles every event but audio appends, which the session takes itself. */
export function handleEvent(host: HandlerHost, event: ClientEvent): Refused {
  switch (event.type) {
    case 'session.update':
      return updateSession(host, event);
    case 'input_audio_buffer.commit':
      return host.turns.commit();
    case 'input_audio_buffer.clear':
      host.turns.clear();
      return undefined;
    case 'output_audio_buffer.clear':
      return {
        code: 'invalid_value',
        param: 'type',
        message: 'Only WebRTC and SIP have an output audio buffer.',
      };
    case 'conversation.item.create':
      return createItem(host, event);
    case 'conversation.item.truncate':
      return truncateItem(host, event);
    case 'conversation.item.delete':
      return deleteItem(host, event.item_id);
    case 'conversation.item.retrieve':
      return retrieveItem(host, event.item_id);
    case 'response.create':
      return createResponse(host, event.response ?? {}, event.event_id);
    case 'response.cancel':
      return cancelResponse(host, event.response_id);
    default:
      return undefined;
  }
}

function updateSession(host: HandlerHost, event: SessionUpdateEvent): Refused {
  const update = event.session;
  // The shape was checked: transcription sessions are a service of their own.
  if (update.type !== 'realtime')
    return { code: 'invalid_value', param: 'session.type', message: 'Not served.' };
  const now = host.settings();
  if (update.model !== undefined && update.model !== now.model) {
    const message = `The model of a session cannot be changed from '${now.model}'.`;
    return { code: 'invalid_value', param: 'session.model', message };
  }
  const voice = update.audio?.output?.voice;
  const spoken = host.conversation.items.some((entry) => entry.spoken && entry.audioMs > 0);
  if (spoken && voice !== undefined && voice !== now.audio?.output?.voice) {
    const message = "Cannot update a conversation's voice if assistant audio is present.";
    return { code: 'cannot_update_voice', param: 'session.audio.output.voice', message };
  }
  host.apply(mergeSettings(now, update));
  host.turns.configure();
  host.outbox.send({ type: 'session.updated', session: host.settings() });
  return undefined;
}

function createItem(host: HandlerHost, event: ConversationItemCreateEvent): Refused {
  const item = completeItem(host, event.item);
  if (item.type === 'function_call_output' && !hasCall(host.conversation, item.call_id)) {
    const message = `Tool call ID '${item.call_id}' not found in conversation.`;
    return { code: 'invalid_tool_call_id', param: 'item.call_id', message };
  }
  const entry = { id: item.id ?? '', item, audioMs: 0, spoken: false };
  const added = host.conversation.add(entry, event.previous_item_id ?? undefined);
  if (!('previous' in added)) return added;
  host.outbox.send({ type: 'conversation.item.added', previous_item_id: added.previous, item });
  host.outbox.send({ type: 'conversation.item.done', previous_item_id: added.previous, item });
  tellScript(host, item);
  return undefined;
}

function completeItem(host: HandlerHost, given: Item): Item {
  const id = given.id ?? host.nextItemId();
  const common = { id, object: 'realtime.item' as const, status: 'completed' as const };
  if (given.type === 'function_call')
    return { ...given, ...common, call_id: given.call_id ?? host.nextCallId() };
  return { ...given, ...common };
}

function hasCall(conversation: Conversation, call: string): boolean {
  return conversation.items.some(({ item }) => item.type === 'function_call' && item.call_id === call);
}

function tellScript(host: HandlerHost, item: Item): void {
  const cursor = host.cursor();
  if (item.type === 'function_call') cursor.called(item.call_id ?? '', item.name);
  if (item.type === 'function_call_output') {
    host.recorder.toolOutput(item.call_id, item.output);
    cursor.result(item.call_id, item.output);
  }
  if (item.type !== 'message') return;
  if (item.role === 'assistant') cursor.seed();
  if (item.role === 'user') cursor.text(item.content.map((part) => part.text ?? '').join(' '));
}

function truncateItem(host: HandlerHost, event: ConversationItemTruncateEvent): Refused {
  const { item_id, content_index, audio_end_ms } = event;
  const cut = host.conversation.truncate(item_id, content_index, audio_end_ms);
  if (!('itemId' in cut)) return cut;
  host.recorder.truncated(cut);
  host.outbox.send({ type: 'conversation.item.truncated', item_id, content_index, audio_end_ms });
  return undefined;
}

function deleteItem(host: HandlerHost, item_id: string): Refused {
  const error = host.conversation.remove(item_id);
  if (!error) host.outbox.send({ type: 'conversation.item.deleted', item_id });
  return error;
}

function retrieveItem(host: HandlerHost, id: string): Refused {
  const entry = host.conversation.find(id);
  if (!entry) {
    const message = `Error retrieving item: the item with id '${id}' does not exist.`;
    return { code: 'item_retrieve_invalid_item_id', param: 'item_id', message };
  }
  host.outbox.send({ type: 'conversation.item.retrieved', item: entry.item });
  return undefined;
}

function createResponse(host: HandlerHost, params: RealtimeResponseCreateParams, eventId?: string): Refused {
  const active = host.active();
  if (active) {
    const message = `Conversation already has an active response in progress: ${active.id}. Wait until the response is finished before creating a new one.`;
    return { code: 'conversation_already_has_active_response', message };
  }
  host.respond(params, eventId);
  return undefined;
}

function cancelResponse(host: HandlerHost, id: string | undefined): Refused {
  const active = host.active();
  if (!active || (id !== undefined && id !== active.id)) {
    return { code: 'response_cancel_not_active', message: 'Cancellation failed: no active response found' };
  }
  active.cancel('client_cancelled');
  return undefined;
}
