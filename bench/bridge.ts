/**
 * @module The opponent: what a good engineer writes by hand to put OpenAI Realtime on a Twilio media stream, with
 * nothing but `ws`. It parses, forwards, clears, truncates and drops late audio, and does nothing else.
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
  let pending = 0;

  const tell = (message: object): void => {
    if (model.readyState === WebSocket.OPEN) model.send(JSON.stringify(message));
  };
  const say = (message: object): void => {
    if (carrier.readyState === WebSocket.OPEN) carrier.send(JSON.stringify(message));
  };

  model.on('message', (data: Buffer) => {
    const event = JSON.parse(data.toString()) as ModelMessage;
    switch (event.type) {
      case 'session.created':
        model.send(SESSION);
        tell({ type: 'response.create' });
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
        sentMs += (event.delta.length * 3) / 4 / 8;
        say({ event: 'media', streamSid: stream, media: { payload: event.delta } });
        pending += 1;
        say({ event: 'mark', streamSid: stream, mark: { name: `m${(marks += 1)}` } });
        break;
      case 'input_audio_buffer.speech_started':
        if (item === '' || pending === 0) return;
        say({ event: 'clear', streamSid: stream });
        tell({
          type: 'conversation.item.truncate',
          item_id: item,
          content_index: 0,
          audio_end_ms: Math.min(mediaMs - startedAt, Math.floor(sentMs)),
        });
        cutResponse = response;
        item = '';
        pending = 0;
        break;
    }
  });

  carrier.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as {
      event: string;
      start: { streamSid: string };
      media: { payload: string; timestamp: string };
    };
    if (message.event === 'media') {
      mediaMs = Number(message.media.timestamp);
      tell({ type: 'input_audio_buffer.append', audio: message.media.payload });
    } else if (message.event === 'start') stream = message.start.streamSid;
    else if (message.event === 'mark') pending = Math.max(0, pending - 1);
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
