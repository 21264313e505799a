/**
 * @module Offhook as the bench runs it: an agent on Twilio's wire with the log where it always is, and with recording
 * when asked. One process, told where to write by the runner.
 */
import { createAgent } from 'offhook';
import { openaiRealtime } from 'offhook/openai';
import { twilio } from 'offhook/twilio';

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
process.send?.({ kind: 'ready', port: phone.port });
