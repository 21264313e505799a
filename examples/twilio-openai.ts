/**
 * @module A voice agent on a Twilio number: OpenAI Realtime on the line, in one file. `npx offhook run
 * examples/twilio-openai.ts`, or on its own: `node examples/twilio-openai.ts` in a project that has `offhook` and `openai`.
 *
 * Environment: `OPENAI_API_KEY`; `PUBLIC_URL`, the https:// address that leads here, and `TWILIO_AUTH_TOKEN`. Point the
 * number's webhook at `{PUBLIC_URL}/voice/incoming`. Optional: `PORT` (8080), `MEDIA_PATH` (/media-stream),
 * `OPENAI_BASE_URL`. `OFFHOOK_SKIP_SIGNATURE=1` takes any media stream of this machine without Twilio's secrets.
 */
import { createAgent } from 'offhook';
import { openaiRealtime } from 'offhook/openai';
import { twilio } from 'offhook/twilio';

const { PORT, MEDIA_PATH, PUBLIC_URL, OFFHOOK_SKIP_SIGNATURE } = process.env;

const phone = twilio({
  port: Number(PORT || 8080),
  mediaPath: MEDIA_PATH || '/media-stream',
  skipSignature: OFFHOOK_SKIP_SIGNATURE === '1',
  ...(PUBLIC_URL ? { publicUrl: PUBLIC_URL } : {}),
});

// A recipe, opened once for every call: made here, it says at the start if OPENAI_API_KEY or OPENAI_BASE_URL is wrong.
const model = openaiRealtime({ instructions: 'You answer the telephone. Be brief and friendly.' });

const agent = createAgent({ transports: [phone], session: () => model, maxCalls: 1_000 });
agent.on('call_start', (call) => console.log('call', call.id));
agent.on('call_end', (call, outcome) => console.log('over', call.id, outcome.status));

export default agent;
if (import.meta.main) {
  await agent.connect();
  console.log(`listening on port ${phone.port}`);
  await agent.serve();
}
