/**
 * @module The output items of one response, as events: a message in words and audio, or a function call. Knows the
 * order of the events of an item, nothing of time.
 */
import type {
  RealtimeConversationItemAssistantMessage,
  RealtimeConversationItemFunctionCall,
  ResponseAudioDeltaEvent,
} from 'openai/resources/realtime/realtime';
import type { Piece } from './audio.ts';
import type { Conversation, Entry } from './conversation.ts';
import type { Outbox } from './outbox.ts';
import type { Item } from './wire.ts';

export interface OutputHost {
  readonly outbox: Outbox;
  readonly conversation: Conversation;
  nextItemId(): string;
  nextCallId(): string;
  /** A call is complete: the client may answer it. */
  called(call: string, name: string): void;
}

interface OpenItem {
  readonly entry: Entry;
  readonly index: number;
  /** Everything of an audio delta after its event id and before its base64. */
  readonly envelope: string;
  text: string;
  readonly call: { id: string; name: string; arguments: string } | undefined;
}

export type ItemEnd = 'completed' | 'incomplete';

export interface Output {
  /** The items so far, as `response.done` lists them. */
  readonly items: readonly Item[];
  /** Audio generated, ms. */
  readonly audioMs: number;
  /** Characters of words and arguments generated. */
  readonly chars: number;
  openMessage(): void;
  say(delta: string): void;
  sound(piece: Piece): void;
  openCall(name: string, json: string): void;
  argue(delta: string): void;
  /** Completes the open item, or leaves it as incomplete as it is. */
  close(end: ItemEnd): void;
  /** Takes hold of the open item: sends audio in its name after it is over. Undefined before the first item. */
  straggler(): ((piece: Piece) => void) | undefined;
}

const DELTA_HEAD = '{"type":"response.output_audio.delta",';

/** Creates the output of the response `id`. @param outOfBand its items stay out of the conversation. */
export function createOutput(host: OutputHost, id: string, outOfBand: boolean, textOnly: boolean): Output {
  const { outbox, conversation } = host;
  const items: Item[] = [];
  let open: OpenItem | undefined;
  let audioMs = 0;
  let chars = 0;

  const begin = (item: Item, call?: OpenItem['call']): OpenItem => {
    const entry: Entry = { id: item.id ?? '', item, audioMs: 0, spoken: true };
    const index = items.push(item) - 1;
    outbox.send({ type: 'response.output_item.added', response_id: id, output_index: index, item });
    if (!outOfBand) {
      const added = conversation.add(entry);
      const previous = 'previous' in added ? added.previous : null;
      outbox.send({ type: 'conversation.item.added', previous_item_id: previous, item });
    }
    return { entry, index, envelope: envelopeOf(id, entry.id, index), text: '', call };
  };

  const end = (current: OpenItem, item: Item): void => {
    open = undefined;
    current.entry.item = item;
    items[current.index] = item;
    const at = conversation.items.indexOf(current.entry);
    if (at >= 0) {
      const previous = conversation.items[at - 1]?.id ?? null;
      outbox.send({ type: 'conversation.item.done', previous_item_id: previous, item });
    }
    outbox.send({ type: 'response.output_item.done', response_id: id, output_index: current.index, item });
  };

  const closeMessage = (current: OpenItem, status: ItemEnd): void => {
    const { text } = current;
    const at = { ...where(id, current), content_index: 0 };
    if (textOnly) {
      outbox.send({ type: 'response.output_text.done', ...at, text });
    } else {
      outbox.send({ type: 'response.output_audio.done', ...at });
      outbox.send({ type: 'response.output_audio_transcript.done', ...at, transcript: text });
    }
    const part = textOnly ? { type: 'text' as const, text } : { type: 'audio' as const, transcript: text };
    outbox.send({ type: 'response.content_part.done', ...at, part });
    const content = textOnly
      ? { type: 'output_text' as const, text }
      : { type: 'output_audio' as const, transcript: text };
    end(current, messageItem(current.entry.id, status, [content]));
  };

  const closeCall = (current: OpenItem, call: NonNullable<OpenItem['call']>, status: ItemEnd): void => {
    if (status === 'completed') {
      const whole = { arguments: call.arguments, name: call.name, call_id: call.id };
      outbox.send({ type: 'response.function_call_arguments.done', ...where(id, current), ...whole });
      host.called(call.id, call.name);
    }
    end(current, callItem(current.entry.id, call, status, current.text));
  };

  const sendAudio = (piece: Piece, envelope: string): void => {
    const text = `${DELTA_HEAD}"event_id":"${outbox.nextId()}",${envelope}${piece.base64()}"}`;
    outbox.raw(Buffer.from(text, 'latin1'));
  };

  return {
    items,
    openMessage() {
      open = begin(messageItem(host.nextItemId(), 'in_progress', []));
      outbox.send({
        type: 'response.content_part.added',
        ...where(id, open),
        content_index: 0,
        part: textOnly ? { type: 'text', text: '' } : { type: 'audio', transcript: '' },
      });
    },
    say(delta) {
      if (!open) return;
      open.text += delta;
      chars += delta.length;
      const type = textOnly ? 'response.output_text.delta' : 'response.output_audio_transcript.delta';
      outbox.send({ type, ...where(id, open), content_index: 0, delta });
    },
    sound(piece) {
      if (!open) return;
      audioMs += piece.ms;
      open.entry.audioMs += piece.ms;
      sendAudio(piece, open.envelope);
    },
    openCall(name, json) {
      const call = { id: host.nextCallId(), name, arguments: json };
      open = begin(callItem(host.nextItemId(), call, 'in_progress', ''), call);
    },
    argue(delta) {
      if (!open?.call) return;
      open.text += delta;
      chars += delta.length;
      const type = 'response.function_call_arguments.delta';
      outbox.send({ type, ...where(id, open), call_id: open.call.id, delta });
    },
    close(status) {
      if (open?.call) closeCall(open, open.call, status);
      else if (open) closeMessage(open, status);
    },
    straggler() {
      const envelope = open?.envelope;
      return envelope === undefined ? undefined : (piece) => sendAudio(piece, envelope);
    },
    get audioMs() {
      return audioMs;
    },
    get chars() {
      return chars;
    },
  };
}

function where(response: string, open: OpenItem) {
  return { response_id: response, item_id: open.entry.id, output_index: open.index };
}

function envelopeOf(response: string, item: string, index: number): string {
  const event: Omit<ResponseAudioDeltaEvent, 'event_id'> = {
    type: 'response.output_audio.delta',
    response_id: response,
    item_id: item,
    output_index: index,
    content_index: 0,
    delta: '',
  };
  return JSON.stringify(event).slice(DELTA_HEAD.length, -2);
}

function messageItem(
  id: string,
  status: 'in_progress' | ItemEnd,
  content: RealtimeConversationItemAssistantMessage['content'],
): RealtimeConversationItemAssistantMessage {
  return { id, object: 'realtime.item', type: 'message', status, role: 'assistant', content };
}

function callItem(
  id: string,
  call: { id: string; name: string },
  status: 'in_progress' | ItemEnd,
  json: string,
): RealtimeConversationItemFunctionCall {
  const { name } = call;
  return {
    id,
    object: 'realtime.item',
    type: 'function_call',
    status,
    call_id: call.id,
    name,
    arguments: json,
  };
}
