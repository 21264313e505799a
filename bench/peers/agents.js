/**
 * @module `@openai/agents` with its own transport for Twilio, set up as its documentation does, and told nothing that
 * would slow it down: no tools, no guardrails, no tracing, no listener but for errors.
 */
import { RealtimeAgent, RealtimeSession } from '@openai/agents/realtime';
import { TwilioRealtimeTransportLayer } from '@openai/agents-extensions';
import { WebSocketServer } from 'ws';

const url = `${process.env.OPENAI_BASE_URL.replace(/^http/, 'ws')}/realtime?model=gpt-realtime-2`;
const agent = new RealtimeAgent({ name: 'bench', instructions: 'Be brief.' });

async function take(twilioWebSocket) {
  const session = new RealtimeSession(agent, {
    transport: new TwilioRealtimeTransportLayer({ twilioWebSocket }),
    model: 'gpt-realtime-2',
    tracingDisabled: true,
    config: {
      // Without `audio` it negotiates 24 kHz PCM while Twilio speaks mu-law.
      audio: {
        input: {
          turnDetection: { type: 'server_vad', createResponse: true, interruptResponse: true },
        },
        output: { voice: 'marin' },
      },
    },
  });
  session.on('error', (error) => process.stderr.write(`${JSON.stringify(error)}\n`));
  twilioWebSocket.on('close', () => session.close());
  await session.connect({ apiKey: 'bench', url });
  session.transport.sendEvent({ type: 'response.create' });
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 0),
  perMessageDeflate: false,
});
server.on('connection', (socket) => void take(socket));
server.on('listening', () => process.send?.({ kind: 'ready', port: server.address().port }));
