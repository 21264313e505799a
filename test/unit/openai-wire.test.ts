/**
 * Each fixture is a conversation with the Realtime API, message by message and order by order, with everything
 * that must come of each step and nothing else.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { SessionOrder } from '../../src/providers/contract.ts';
import type { OpenAIRealtimeOptions } from '../../src/providers/realtime/openai/options.ts';
import { createCounters } from '../../src/providers/realtime/openai/counters.ts';
import { createHarness } from './openai-harness.ts';

interface Fixture {
  story: string;
  options: Partial<OpenAIRealtimeOptions>;
  configured?: boolean;
  steps: {
    receive?: Record<string, unknown>;
    order?: SessionOrder;
    advance?: number;
    gives: object[];
  }[];
  counters: Record<string, number>;
}

const folder = new URL('./fixtures/openai/', import.meta.url);

describe('the Realtime API as facts and orders', () => {
  for (const file of readdirSync(folder).sort()) {
    const fixture = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Fixture;
    it(`${file}: ${fixture.story}`, () => {
      const harness = createHarness(fixture.options, fixture.configured ?? true);
      for (const [index, step] of fixture.steps.entries()) {
        const gave = step.receive
          ? harness.receive(step.receive)
          : step.order
            ? harness.order(step.order)
            : harness.advance(step.advance ?? 0);
        expect(gave, `step ${index + 1}`).toEqual(step.gives);
      }
      expect(harness.counters).toEqual({ ...createCounters(), ...fixture.counters });
    });
  }

  it('survives any JSON object under any known type', () => {
    const types = `error session.updated response.created response.done response.output_audio.delta
      response.output_item.done response.output_audio_transcript.delta input_audio_buffer.committed
      conversation.item.input_audio_transcription.completed input_audio_buffer.speech_started`.split(/\s+/);
    const names =
      `response response_id item item_id delta error id status output usage metadata offhook_request
      type call_id event_id code transcript status_details`.split(/\s+/);
    const keys = fc.constantFrom(...names);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a', 'completed', 'function_call', 'offhook_response_1', null, 1, true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
      ),
    }));
    const message = fc
      .tuple(fc.constantFrom(...types), fc.dictionary(keys, value, { maxKeys: 6 }))
      .map(([type, fields]) => ({ ...fields, type }));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
        const harness = createHarness();
        harness.order({ type: 'generate', request: 1 });
        for (const event of messages) harness.receive(event);
      }),
      { numRuns: 300 },
    );
  });

  it('knows the newest 64 responses and forgets older ones', () => {
    const harness = createHarness();
    for (let index = 0; index < 65; index += 1) {
      harness.receive({ type: 'response.created', response: { id: `resp_${index}` } });
    }
    const speak = (id: string) =>
      harness.receive({ type: 'response.output_audio.delta', response_id: id, item_id: 'i', delta: 'AAAA' });
    expect(speak('resp_0')).toEqual([]);
    expect(speak('resp_1')).toHaveLength(2);
  });
});
