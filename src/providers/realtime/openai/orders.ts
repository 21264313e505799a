/**
 * @module Orders as client messages. Decides nothing but whether the vendor has already done what is asked:
 * its own detector commits turns and cancels responses.
 */
import type {
  ConversationItem,
  RealtimeClientEvent,
  RealtimeResponseCreateParams,
} from 'openai/resources/realtime/realtime';
import type { HistoryItem, SessionContext, SessionOrder } from '../../contract.ts';
import type { Counters } from './counters.ts';
import type { Ids } from './ids.ts';
import { type Behaviour, toolOf } from './settings.ts';
import type { Turns } from './turns.ts';

export interface OrdersHost {
  readonly ids: Ids;
  readonly turns: Turns;
  readonly counters: Counters;
  readonly behaviour: Behaviour;
  /** The greeting's words; undefined leaves them to the model. */
  readonly greeting: string | undefined;
  readonly language: string | undefined;
  readonly context: Pick<SessionContext, 'words' | 'tools'>;
  readonly send: (event: RealtimeClientEvent) => void;
}

/** Carries out one order on a connection that is ready. Source: protocols/providers.md section 1. */
export function carryOut(host: OrdersHost, order: SessionOrder): void {
  const { ids, turns, behaviour, context, send } = host;
  switch (order.type) {
    case 'greet':
      return respond(host, order.request, host.greeting);
    case 'generate':
      return respond(host, order.request, undefined);
    case 'say':
      return respond(host, order.request, context.words.saying(order.request));
    case 'commit':
      if (!behaviour.commits) send({ type: 'input_audio_buffer.commit', event_id: ids.event('commit') });
      return turns.commit();
    case 'cancel':
      return cancel(host, order.gen, order.by);
    case 'truncate':
      return truncate(host, order.gen, order.playedMs);
    case 'toolResult':
      return giveResult(host, order.call);
    case 'digits':
      // The product's wording, which prompts written for it expect.
      return addItem(host, messageOf('user', `[DTMF 입력: ${context.words.digits(order.entry)}]`));
    case 'update':
      return send({
        type: 'session.update',
        event_id: ids.event('update'),
        session: { type: 'realtime', tools: context.tools.map(toolOf) },
      });
  }
}

/** Tells the model that a tool it called in a reply the caller cut off was not run. */
export function disown(host: Pick<OrdersHost, 'ids' | 'send'>, call: string): void {
  addItem(host, outputOf(call, 'The caller interrupted before this could run. Nothing was done.'));
}

/** A call made on a connection that is gone is put in first: the vendor takes no result without its call. */
function giveResult(host: OrdersHost, call: string): void {
  const { words } = host.context;
  const lost = host.ids.firstCall(call) ? words.toolCall?.(call) : undefined;
  if (lost)
    addItem(host, { type: 'function_call', call_id: call, name: lost.name, arguments: lost.arguments });
  addItem(host, outputOf(call, words.toolResult(call)));
}

/** Puts a conversation so far into a new session, in order. */
export function seed(host: Pick<OrdersHost, 'ids' | 'send'>, history: readonly HistoryItem[]): void {
  for (const entry of history) for (const item of itemsOf(entry)) addItem(host, item);
}

function addItem({ ids, send }: Pick<OrdersHost, 'ids' | 'send'>, item: ConversationItem): void {
  send({ type: 'conversation.item.create', event_id: ids.event('item'), item });
}

function itemsOf(entry: HistoryItem): ConversationItem[] {
  if (entry.role !== 'tool') return entry.text === '' ? [] : [messageOf(entry.role, entry.text)];
  const { call, name, arguments: args, result } = entry;
  return [{ type: 'function_call', call_id: call, name, arguments: args }, outputOf(call, result)];
}

function respond({ ids, language, send }: OrdersHost, request: number, words: string | undefined): void {
  const response: RealtimeResponseCreateParams = { metadata: { offhook_request: String(request) } };
  if (words !== undefined) {
    response.conversation = 'auto';
    response.instructions = verbatim(words, language);
    // A line that must be said is no occasion to call anything.
    response.tool_choice = 'none';
  }
  send({ type: 'response.create', event_id: ids.event('response', request), response });
}

function verbatim(words: string, language: string | undefined): string {
  const tongue = language === undefined ? '' : ` in ${languageName(language)}`;
  return (
    `Say exactly the text in quotation marks${tongue}, word for word, and nothing else. ` +
    `Do not answer it, translate it, add to it or leave anything out.\n"${words}"`
  );
}

function languageName(code: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
}

function cancel({ ids, counters, send }: OrdersHost, gen: number, by: 'voice' | 'runtime'): void {
  const generation = ids.generation(gen);
  if (!generation) {
    counters.misplaced += 1;
    return;
  }
  generation.cut = true;
  // Its detector cancels at the beginning of speech only: a response begun while the caller speaks goes on.
  const cancelledByVendor = by === 'voice' && generation.interrupted;
  if (generation.done || cancelledByVendor) return;
  send({ type: 'response.cancel', event_id: ids.event('cancel'), response_id: generation.response });
}

function truncate({ ids, counters, send }: OrdersHost, gen: number, playedMs: number): void {
  const generation = ids.generation(gen);
  if (!generation) {
    counters.misplaced += 1;
    return;
  }
  generation.cut = true;
  let before = 0;
  for (const [index, item] of generation.items.entries()) {
    const heard = Math.min(Math.max(playedMs - before, 0), item.ms);
    before += item.ms;
    // More of an unfinished response's last item may exist than has arrived.
    const isWhole = generation.done || index < generation.items.length - 1;
    if (heard >= item.ms && isWhole) continue;
    send({
      type: 'conversation.item.truncate',
      event_id: ids.event('truncate'),
      item_id: item.id,
      content_index: 0,
      audio_end_ms: Math.floor(heard),
    });
  }
}

function messageOf(role: 'user' | 'assistant', text: string): ConversationItem {
  return role === 'user'
    ? { type: 'message', role, content: [{ type: 'input_text', text }] }
    : { type: 'message', role, content: [{ type: 'output_text', text }] };
}

function outputOf(call: string, output: string): ConversationItem {
  return { type: 'function_call_output', call_id: call, output };
}
