/**
 * @module Offhook as the bench runs it: the example on Twilio, with the log where it always is, and with recording
 * when asked. One process, told its port by the runner.
 */
import { createAgent } from '../src/index.ts';
import { openaiRealtime } from '../src/providers/openai.ts';
import { twilio } from '../src/twilio.ts';

const directory = process.env['BENCH_DIRECTORY'] ?? './calls';
const phone = twilio({ port: 0, mediaPath: '/media-stream', skipSignature: true });
const agent = createAgent({
  transports: [phone],
  session: () =>
    openaiRealtime({
      instructions: 'Be brief.',
      apiKey: 'bench',
      turnDetection: { type: 'server_vad', create_response: true, interrupt_response: true },
    }),
  maxCalls: 1_000,
  log: { directory },
  ...(process.env['BENCH_RECORDING'] === '1' ? { recording: { directory } } : {}),
});
await agent.connect();
process.send?.({ ready: phone.port });
