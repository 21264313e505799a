/**
 * @module Twilio's side of a media stream's messages (carriers.md §3.5), in the layout its servers write: `streamSid`
 * comes last. What the agent sends is held to the protocol: its `streamSid` has to be the stream's own.
 */
import {
  type AgentMessage,
  type EnvelopeWriter,
  isObject,
  parseObject,
  readMessage,
} from '../../exchange/envelope.ts';
import type { MediaDialect } from '../../exchange/media.ts';
import { FRAME_MS } from '../../exchange/voice.ts';

/** The media clock of a real stream does not begin at 0: its first frame has been on its way for some time. */
const FIRST_AT = 60;

/** The dialect of one stream. */
export function createTwilioDialect(
  streamSid: string,
  customParameters: Readonly<Record<string, string>>,
): MediaDialect {
  return { write: createWriter(streamSid, customParameters), read: (data) => readAgent(data, streamSid) };
}

function readAgent(data: Buffer, streamSid: string): AgentMessage {
  const message = readMessage(data);
  if (message.kind === 'malformed') return message;
  // There is no key towards the network.
  if (message.kind === 'dtmf') return { kind: 'other' };
  const fields = parseObject(data.toString('utf8'));
  if (fields?.streamSid !== streamSid) return { kind: 'malformed' };
  if (message.kind === 'mark' && !(isObject(fields.mark) && typeof fields.mark.name === 'string')) {
    return { kind: 'malformed' };
  }
  return message;
}

function createWriter(streamSid: string, customParameters: Readonly<Record<string, string>>): EnvelopeWriter {
  let sequence = 0;
  let chunk = 0;
  const head = (event: string): string => `{"event":"${event}","sequenceNumber":"${(sequence += 1)}",`;
  const tail = `,"streamSid":"${streamSid}"}`;
  return {
    start: ({ callId, accountId }) =>
      `${head('start')}"start":${JSON.stringify({
        accountSid: accountId,
        streamSid,
        callSid: callId,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters,
      })}${tail}`,
    media: (base64) => {
      chunk += 1;
      const at = FIRST_AT + (chunk - 1) * FRAME_MS;
      return `${head('media')}"media":{"track":"inbound","chunk":"${chunk}","timestamp":"${at}","payload":"${base64}"}${tail}`;
    },
    skip: () => {
      chunk += 1;
    },
    mark: (name) => `${head('mark')}"mark":${JSON.stringify({ name })}${tail}`,
    dtmf: (digit) => `${head('dtmf')}"dtmf":{"track":"inbound_track","digit":"${digit}"}${tail}`,
    stop: ({ callId, accountId }) =>
      `${head('stop')}"stop":${JSON.stringify({ accountSid: accountId, callSid: callId })}${tail}`,
  };
}
