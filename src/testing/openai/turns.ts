/**
 * @module The caller's turns as the service takes them: from edges of the voice to a committed item, its
 * transcription, and the answer or interruption that the session's turn detection asks for.
 */
import type { RealtimeConversationItemUserMessage } from 'openai/resources/realtime/realtime';
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import type { AudioFormat } from './audio.ts';
import type { Conversation } from './conversation.ts';
import type { Cursor } from './cursor.ts';
import { createInputBuffer, MIN_COMMIT_MS } from './input.ts';
import type { Outbox } from './outbox.ts';
import type { ScriptTurn } from './script.ts';
import { detectorOf, type SessionSettings } from './settings.ts';
import type { WireError } from './wire.ts';

export interface TurnsHost {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly conversation: Conversation;
  /** Ms from the commit to the transcript. */
  readonly transcriptionMs: number;
  settings(): SessionSettings;
  cursor(): Cursor;
  nextItemId(): string;
  later(ms: number, run: () => void): void;
  /** The detector wants an answer; nothing happens while one is being given. */
  respond(): void;
  /** The detector heard the caller speak over the answer. */
  interrupt(): void;
}

export interface Turns {
  append(bytes: Uint8Array, length: number, format: AudioFormat): void;
  /** Reads the settings again. */
  configure(): void;
  /** The client's own commit. @returns the error for a buffer that is too short. */
  commit(): WireError | undefined;
  clear(): void;
  /** A response is over; the idle timeout counts from when `audioMs` more have been played. */
  awaitCaller(audioMs: number): void;
  /** A response began, or the session ended: nobody is waiting. */
  stopWaiting(): void;
  readonly speaking: boolean;
}

/** Creates the turns of one session. */
export function createTurns(host: TurnsHost): Turns {
  const { outbox, conversation, clock } = host;
  let itemId: string | undefined;
  let idle: TimerHandle | undefined;

  const detection = () => host.settings().audio?.input?.turn_detection ?? undefined;
  const nextWords = (): string => host.cursor().peek();
  const stopWaiting = (): void => {
    clock.clearTimeout(idle);
    idle = undefined;
  };

  const input = createInputBuffer(detectorOf(host.settings(), nextWords), {
    started(startMs) {
      stopWaiting();
      itemId = host.nextItemId();
      outbox.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: startMs, item_id: itemId });
      if (detection()?.interrupt_response !== false) host.interrupt();
    },
    stopped(endMs) {
      itemId ??= host.nextItemId();
      outbox.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: endMs, item_id: itemId });
      take();
      if (detection()?.create_response !== false) host.respond();
    },
  });

  const take = (): void => {
    const id = itemId ?? host.nextItemId();
    itemId = undefined;
    const turn = host.cursor().hear(input.take().voiced);
    const item = userItem(id);
    const added = conversation.add({ id, item, audioMs: 0, spoken: false });
    const previous_item_id = 'previous' in added ? added.previous : null;
    outbox.send({ type: 'input_audio_buffer.committed', previous_item_id, item_id: id });
    outbox.send({ type: 'conversation.item.added', previous_item_id, item });
    outbox.send({ type: 'conversation.item.done', previous_item_id, item });
    if (host.settings().audio?.input?.transcription && turn.transcription !== 'missing') {
      host.later(host.transcriptionMs, () => transcribe(outbox, conversation, id, turn));
    }
  };

  const timeOut = (idleMs: number): void => {
    idle = undefined;
    if (input.speaking) return;
    itemId = host.nextItemId();
    const end = Math.round(input.totalMs);
    outbox.send({
      type: 'input_audio_buffer.timeout_triggered',
      audio_start_ms: Math.max(0, end - idleMs),
      audio_end_ms: end,
      item_id: itemId,
    });
    take();
    host.respond();
  };

  return {
    append: (bytes, length, format) => input.append(bytes, length, format),
    configure() {
      input.configure(detectorOf(host.settings(), nextWords), detection() !== undefined);
    },
    commit() {
      if (input.heldMs < MIN_COMMIT_MS) return tooShort(input.heldMs);
      take();
      return undefined;
    },
    clear() {
      input.take();
      itemId = undefined;
      outbox.send({ type: 'input_audio_buffer.cleared' });
    },
    awaitCaller(audioMs) {
      stopWaiting();
      const settings = detection();
      const idleMs = settings?.type === 'server_vad' ? settings.idle_timeout_ms : undefined;
      if (idleMs) idle = clock.setTimeout(() => timeOut(idleMs), audioMs + idleMs);
    },
    stopWaiting,
    get speaking() {
      return input.speaking;
    },
  };
}

function tooShort(heldMs: number): WireError {
  return {
    code: 'input_audio_buffer_commit_empty',
    message: `Error committing input audio buffer: buffer too small. Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${heldMs.toFixed(2)}ms of audio.`,
  };
}

function userItem(id: string, transcript?: string): RealtimeConversationItemUserMessage {
  const content = { type: 'input_audio' as const, ...(transcript === undefined ? {} : { transcript }) };
  return {
    id,
    object: 'realtime.item',
    type: 'message',
    status: 'completed',
    role: 'user',
    content: [content],
  };
}

function transcribe(outbox: Outbox, conversation: Conversation, id: string, turn: ScriptTurn): void {
  const at = { item_id: id, content_index: 0 };
  if (turn.transcription === 'failed') {
    const error = {
      type: 'transcription_error',
      code: 'audio_unintelligible',
      message: 'The audio could not be transcribed.',
    };
    outbox.send({ type: 'conversation.item.input_audio_transcription.failed', ...at, error });
    return;
  }
  const transcript = turn.hear ?? '';
  const entry = conversation.find(id);
  if (entry) entry.item = userItem(id, transcript);
  for (const delta of transcript.split(/(?<=\s)(?=\S)/)) {
    if (delta) outbox.send({ type: 'conversation.item.input_audio_transcription.delta', ...at, delta });
  }
  const tokens = Math.ceil(transcript.length / 4);
  outbox.send({
    type: 'conversation.item.input_audio_transcription.completed',
    ...at,
    transcript,
    usage: { type: 'tokens', input_tokens: 20, output_tokens: tokens, total_tokens: 20 + tokens },
  });
}
