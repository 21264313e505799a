/**
 * @module The opponent: what a good engineer writes by hand to put OpenAI Realtime on a Twilio media stream, with
 * nothing but `ws`. It parses, forwards, clears, truncates and drops late audio, and does nothing else. What comes
 * fifty times a second is put together without JSON.stringify: base64 needs no escaping.
 */
import { WebSocket, WebSocketServer } from 'ws';

const MODEL_URL = process.env['OPENAI_BASE_URL'] ?? '';
const SESSION = JSON.stringify({
  type: 'session.update',
  session: {
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: 'Be brief.',
    audio: {
      input: {
        format: { type: 'audio/pcmu' },
        turn_detection: { type: 'server_vad', create_response: true, interrupt_response: true },
      },
      output: { format: { type: 'audio/pcmu' }, voice: 'marin' },
    },
  },
});

interface ModelMessage {
  type: string;
  delta: string;
  item_id: string;
  response_id: string;
  response: { id: string };
}

const truncate = (item: string, heardMs: number): string =>
  `{"type":"conversation.item.truncate","item_id":"${item}","content_index":0,"audio_end_ms":${heardMs}}`;

function bridge(carrier: WebSocket): void {
  const model = new WebSocket(`${MODEL_URL.replace(/^http/, 'ws')}/realtime?model=gpt-realtime-2`, {
    headers: { authorization: 'Bearer bench' },
    perMessageDeflate: false,
  });
  let stream = '';
  let item = '';
  let response = '';
  let cutResponse = '';
  let startedAt = 0;
  let sentMs = 0;
  let mediaMs = 0;
  let marks = 0;
  let played = 0;

  const tell = (message: string): void => {
    if (model.readyState === WebSocket.OPEN) model.send(message);
  };
  const say = (message: string): void => {
    if (carrier.readyState === WebSocket.OPEN) carrier.send(message);
  };

  model.on('message', (data: Buffer) => {
    const event = JSON.parse(data.toString()) as ModelMessage;
    switch (event.type) {
      case 'session.created':
        tell(SESSION);
        tell('{"type":"response.create"}');
        break;
      case 'response.created':
        response = event.response.id;
        break;
      case 'response.output_audio.delta':
        if (event.response_id === cutResponse) return;
        if (event.item_id !== item) {
          item = event.item_id;
          startedAt = mediaMs;
          sentMs = 0;
        }
        sentMs += Buffer.byteLength(event.delta, 'base64') / 8;
        say(`{"event":"media","streamSid":"${stream}","media":{"payload":"${event.delta}"}}`);
        say(`{"event":"mark","streamSid":"${stream}","mark":{"name":"${(marks += 1)}"}}`);
        break;
      case 'input_audio_buffer.speech_started':
        if (item === '' || played === marks) return;
        say(`{"event":"clear","streamSid":"${stream}"}`);
        tell(truncate(item, Math.min(mediaMs - startedAt, Math.floor(sentMs))));
        cutResponse = response;
        item = '';
        break;
    }
  });

  carrier.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as {
      event: string;
      start: { streamSid: string };
      media: { payload: string; timestamp: string };
      mark: { name: string };
    };
    if (message.event === 'media') {
      mediaMs = Number(message.media.timestamp);
      tell(`{"type":"input_audio_buffer.append","audio":"${message.media.payload}"}`);
    } else if (message.event === 'start') stream = message.start.streamSid;
    else if (message.event === 'mark') played = Number(message.mark.name);
    else if (message.event === 'stop') model.close();
  });
  carrier.on('close', () => model.close());
  carrier.on('error', () => model.close());
  model.on('close', () => carrier.close());
  model.on('error', () => carrier.close());
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env['PORT'] ?? 0),
  perMessageDeflate: false,
});
server.on('connection', bridge);
server.on('listening', () => {
  const address = server.address();
  process.send?.({ kind: 'ready', port: typeof address === 'object' && address ? address.port : 0 });
});
