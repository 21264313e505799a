/**
 * @module The translation between the Realtime API's messages and facts without a socket: every output, in the
 * order in which it came, as plain data to compare with fixtures.
 */
import { createCounters } from '../../src/providers/realtime/openai/counters.ts';
import type { Fields } from '../../src/providers/realtime/openai/fields.ts';
import { Ids } from '../../src/providers/realtime/openai/ids.ts';
import { type OpenAIRealtimeOptions, readOptions } from '../../src/providers/realtime/openai/options.ts';
import { carryOut, disown } from '../../src/providers/realtime/openai/orders.ts';
import { behaviourOf, greetingOf } from '../../src/providers/realtime/openai/settings.ts';
import { Turns } from '../../src/providers/realtime/openai/turns.ts';
import { hear, receive, type WireHost } from '../../src/providers/realtime/openai/wire.ts';
import type { SessionFact, SessionOrder, SessionWords, ToolSchema } from '../../src/providers/contract.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

export const TOOL: ToolSchema = {
  name: 'check_order',
  description: 'Look up an order.',
  parameters: { type: 'object', properties: { id: { type: 'string' } } },
};

/** One thing that came out. */
export type Output =
  | { fact: SessionFact }
  | { wrote: SessionWords }
  | { audio: { gen: number; ms: number } }
  | { sent: object }
  | { configured: true }
  | { lost: { code: string; retryable: boolean } };

export function createHarness(options: Partial<OpenAIRealtimeOptions> = {}, isConfigured = true) {
  const resolved = readOptions({ instructions: 'Be kind.', apiKey: 'sk-test', ...options });
  const behaviour = behaviourOf(resolved);
  const clock = createVirtualClock();
  const counters = createCounters();
  const ids = new Ids();
  let outputs: Output[] = [];
  let generations = 0;
  const put = (output: Output): void => void outputs.push(output);
  const turns = new Turns({
    by: resolved.turns.by,
    transcribes: behaviour.transcribes,
    clock,
    fact: (fact) => put({ fact }),
    wrote: (wrote) => put({ wrote }),
  });
  const context = {
    logger: silentLogger,
    tools: [TOOL],
    words: {
      toolResult: (call: string) => `result of ${call}`,
      digits: (entry: number) => `12${entry}`,
      saying: (request: number) => `line ${request}`,
    },
    takeGeneration: () => (generations += 1),
    fact: (fact: SessionFact) => put({ fact }),
    wrote: (wrote: SessionWords) => put({ wrote }),
    audio: ({ gen, ms }: { gen: number; ms: number }) => put({ audio: { gen, ms } }),
  };
  const orders = {
    ids,
    turns,
    counters,
    behaviour,
    greeting: greetingOf(resolved.greeting).text,
    language: resolved.language,
    context,
    send: (sent: object) => put({ sent }),
  };
  const wire: WireHost = {
    ids,
    turns,
    counters,
    interrupts: behaviour.interrupts,
    context,
    configured: () => put({ configured: true }),
    isConfigured: () => isConfigured,
    orphaned: (call) => disown(orders, call),
    lost: (code, retryable) => put({ lost: { code, retryable } }),
  };
  /** What came out since the last call. */
  const take = (): Output[] => {
    const taken = outputs;
    outputs = [];
    return taken;
  };
  return {
    counters,
    take,
    hear: (response: string, item: string, base64: Uint8Array) => hear(wire, response, item, base64),
    receive(event: Fields): Output[] {
      receive(wire, event);
      return take();
    },
    order(order: SessionOrder): Output[] {
      carryOut(orders, order);
      return take();
    },
    advance(ms: number): Output[] {
      clock.advance(ms);
      return take();
    },
  };
}
