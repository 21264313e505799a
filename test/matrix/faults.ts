/**
 * @module What is done to a socket, and how a call may end after it. A flood is made of valid messages, far too many
 * at once; bad ones are made of good ones.
 */
import { createRandom } from '../../src/runtime/ids.ts';
import { frames, malformed } from './frames.ts';
import type { Stage } from './stage.ts';
import type { Wire, WireKind } from './wires.ts';

export const FAULTS = [
  'killed',
  'reset',
  'stalled',
  'half-open',
  'slow',
  'flooded',
  'malformed',
  'garbled',
] as const;
/** `none` is the call itself: what the scene comes to when nothing happens. */
export type Fault = (typeof FAULTS)[number] | 'none';

/** A third of what each socket carries while somebody talks; the control link is nearly silent. */
const SLOW: Readonly<Record<WireKind, number>> = { control: 16, media: 4_000, model: 4_000 };
/** Bad messages in a cell; the suite of frames sends a thousand of each kind. */
const BAD = 60;
/** Control messages about calls nobody knows. */
const STRANGERS = 3_000;
/** Caller audio at fifty times its speed, for a second. */
const BURST_MS = 50_000;
/** A reply as long as models give, all at once. */
const REPLY_MS = 180_000;
const DELTA_MS = 170;

/** These go wrong on the way, whatever is sent; the others are done by the peer, once it speaks. */
export const isInTheNetwork = (fault: Fault): boolean => ['stalled', 'half-open', 'slow'].includes(fault);

/** Does it to a wire that is open. */
export function strike(stage: Stage, wire: Wire, fault: Fault): void {
  switch (fault) {
    case 'none':
      return undefined;
    case 'killed':
      return wire.kill();
    case 'reset':
      return wire.reset();
    case 'stalled':
      return wire.stall();
    case 'half-open':
      return wire.vanish();
    case 'slow':
      return wire.slow(SLOW[wire.kind]);
    case 'flooded':
      return wire.inject(frames(floodOf(stage, wire.kind)));
    case 'malformed':
      return wire.inject(frames(malformed(createRandom(7), GOOD[wire.kind], BAD)));
    case 'garbled': {
      const random = createRandom(11);
      // The reserved bits of a frame's first byte: no WebSocket survives that, nor should it.
      return wire.inject(Uint8Array.from({ length: 300 }, () => 0x70 | Math.floor(random() * 256)));
    }
  }
}

function floodOf(stage: Stage, kind: WireKind): readonly (object | string)[] {
  if (kind === 'control') return strangers();
  return kind === 'media' ? burst(stage) : lecture(stage);
}

function strangers(): object[] {
  const events = [
    'call.ringing',
    'call.ended',
    'call.transfer.started',
    'call.transfer.failed',
    'call.failed',
    'call.news',
  ];
  return Array.from({ length: STRANGERS }, (_, index) => ({
    event: events[index % events.length]!,
    callId: `CA${index}`,
    requestId: `${index}`,
    status: 'completed',
    duration: index,
  }));
}

const SILENCE = Buffer.alloc(160, 0xff).toString('base64');

function burst({ call }: Stage): string[] {
  const from = (call?.mediaMs ?? 0) + 20;
  return Array.from({ length: BURST_MS / 20 }, (_, index) => {
    const at = from + index * 20;
    return `{"event":"media","sequenceNumber":"${at / 20}","media":{"track":"inbound","chunk":"${at / 20}","timestamp":"${at}","payload":"${SILENCE}"}}`;
  });
}

/** Half a second of a tone that no clip holds: what is heard of a flood is the flood's. */
const HUM = Buffer.from(
  Uint8Array.from({ length: DELTA_MS * 8 }, (_, index) => (index % 20 < 10 ? 0x20 : 0xa0)),
).toString('base64');

/** Three minutes of speech: of the reply under way if there is one, or of one the model begins by itself. */
function lecture({ world }: Stage): (object | string)[] {
  const active = world.standIn.sessions.at(-1)?.activeResponse;
  const response = active ?? 'resp_flood';
  const part = { response_id: response, item_id: 'item_flood', output_index: 0, content_index: 0 };
  const delta = JSON.stringify({
    type: 'response.output_audio.delta',
    event_id: 'event_flood',
    ...part,
    delta: HUM,
  });
  const deltas: string[] = Array<string>(Math.ceil(REPLY_MS / DELTA_MS)).fill(delta);
  if (active !== undefined) return deltas;
  const item = { id: 'item_flood', type: 'message', role: 'assistant', status: 'completed', content: [] };
  return [
    {
      type: 'response.created',
      event_id: 'event_0',
      response: { id: response, object: 'realtime.response', status: 'in_progress', output: [] },
    },
    { type: 'response.output_item.added', event_id: 'event_1', response_id: response, output_index: 0, item },
    ...deltas,
    { type: 'response.output_audio.done', event_id: 'event_2', ...part },
    { type: 'response.output_item.done', event_id: 'event_3', response_id: response, output_index: 0, item },
    {
      type: 'response.done',
      event_id: 'event_4',
      response: { id: response, object: 'realtime.response', status: 'completed', output: [item] },
    },
  ];
}

/** What bad messages are made of. None of these ends or begins anything by itself, however it is spoiled. */
export const GOOD: Readonly<Record<WireKind, readonly object[]>> = {
  control: [
    { event: 'call.ringing', callId: 'CA_nobody' },
    { event: 'call.ended', callId: 'CA_nobody', status: 'completed', duration: 7 },
    { event: 'call.transfer.failed', callId: 'CA_nobody', requestId: 'r', transfer: { reason: 'busy' } },
    {
      event: 'call.incoming',
      from: '01011112222',
      to: '07012341234',
      accountId: 'AC',
      mediaUrl: 'ws://127.0.0.1:1/x',
    },
    { event: 'weather.report', sky: { colour: 'blue', clouds: [1, 2, 3] } },
  ],
  media: [
    {
      event: 'media',
      sequenceNumber: '9',
      media: { track: 'inbound', chunk: '8', timestamp: '160', payload: SILENCE },
    },
    { event: 'mark', sequenceNumber: '9', mark: { name: 'nobody-set-this' } },
    { event: 'dtmf', sequenceNumber: '9', dtmf: { track: 'inbound', digit: '12' } },
    {
      event: 'start',
      sequenceNumber: '1',
      start: { streamId: 'MZ', callId: 'CA', accountId: 'AC', tracks: ['inbound'] },
    },
    { event: 'weather', weather: { sky: 'blue' } },
  ],
  model: [
    {
      type: 'response.output_audio.delta',
      event_id: 'e',
      response_id: 'resp_nobody',
      item_id: 'i',
      output_index: 0,
      content_index: 0,
      delta: SILENCE,
    },
    {
      type: 'response.output_audio_transcript.delta',
      event_id: 'e',
      response_id: 'resp_nobody',
      item_id: 'i',
      delta: 'words',
    },
    {
      type: 'response.done',
      event_id: 'e',
      response: {
        id: 'resp_nobody',
        status: 'completed',
        output: [{ type: 'function_call', call_id: 'c', name: 'n' }],
        usage: { total_tokens: 9 },
      },
    },
    {
      type: 'response.output_item.done',
      event_id: 'e',
      response_id: 'resp_nobody',
      item: { type: 'function_call', call_id: 'c', name: 'hang_up', arguments: '{}' },
    },
    { type: 'response.created', event_id: 'e', response: { id: '', metadata: { offhook_request: '999' } } },
    {
      type: 'error',
      event_id: 'e',
      error: { type: 'server_error', code: null, message: 'm', param: null, event_id: null },
    },
    { type: 'conversation.item.truncated', event_id: 'e', item_id: 'i', audio_end_ms: 5, content_index: 0 },
    { type: 'weather.report', event_id: 'e', sky: { colour: 'blue' } },
  ],
};
