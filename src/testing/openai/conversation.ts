/**
 * @module The conversation as the service keeps it: items in order, their audio lengths, and the rules of insert,
 * retrieve, delete and truncate.
 */
import type { Item, WireError } from './wire.ts';

export interface Entry {
  readonly id: string;
  item: Item;
  /** Audio of an assistant item generated so far, ms; what may still be truncated. */
  audioMs: number;
  /** Set by the model itself, as opposed to history put in by the client. */
  readonly spoken: boolean;
}

export interface Truncation {
  readonly itemId: string;
  readonly audioEndMs: number;
  /** Length before the cut, ms. */
  readonly audioMs: number;
}

export interface Conversation {
  readonly items: readonly Entry[];
  /** Adds an item at the end, or after `previous` (`root` is the beginning). */
  add(entry: Entry, previous?: string): { previous: string | null } | WireError;
  find(id: string): Entry | undefined;
  remove(id: string): WireError | undefined;
  truncate(id: string, contentIndex: number, endMs: number): Truncation | WireError;
}

/** Creates an empty conversation. */
export function createConversation(): Conversation {
  const items: Entry[] = [];
  const find = (id: string): Entry | undefined => items.find((entry) => entry.id === id);

  return {
    items,
    find,
    add(entry, previous) {
      if (find(entry.id)) {
        return { code: 'item_create_duplicate_item_id', param: 'item.id', message: 'That item id is taken.' };
      }
      let index = items.length;
      if (previous === 'root') index = 0;
      else if (previous !== undefined) index = items.findIndex((other) => other.id === previous) + 1;
      if (index === 0 && previous !== undefined && previous !== 'root') {
        return {
          code: 'item_create_invalid_previous_item_id',
          param: 'previous_item_id',
          message: `Error adding item: the previous item with id '${previous}' does not exist.`,
        };
      }
      items.splice(index, 0, entry);
      return { previous: items[index - 1]?.id ?? null };
    },
    remove(id) {
      const index = items.findIndex((entry) => entry.id === id);
      if (index < 0) return noSuchItem('item_delete_invalid_item_id', 'deleting', id);
      items.splice(index, 1);
      return undefined;
    },
    truncate(id, contentIndex, endMs) {
      const entry = find(id);
      if (!entry) return noSuchItem('item_truncate_invalid_item_id', 'truncating', id);
      if (!entry.spoken || entry.audioMs === 0 || contentIndex !== 0) {
        return { code: 'invalid_value', message: 'Only model output audio messages can be truncated' };
      }
      if (endMs > entry.audioMs) {
        const message = `Audio content of ${Math.floor(entry.audioMs)}ms is already shorter than ${endMs}ms`;
        return { code: 'invalid_value', message };
      }
      const before = entry.audioMs;
      entry.item = cutTranscript(entry.item);
      entry.audioMs = endMs;
      return { itemId: id, audioEndMs: endMs, audioMs: before };
    },
  };
}

function noSuchItem(code: string, doing: string, id: string): WireError {
  return { code, param: 'item_id', message: `Error ${doing} item: the item with id '${id}' does not exist.` };
}

/** Truncating takes the transcript away altogether: the model must not know words that nobody heard. */
function cutTranscript(item: Item): Item {
  if (item.type !== 'message' || item.role !== 'assistant') return item;
  return { ...item, content: [{ type: 'output_audio' }] };
}
