/** Options are refused when they are given, by name, rule and value; what is sent has exactly the GA shape. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OffhookError } from '../../src/errors.ts';
import { openaiRealtime, type OpenAIRealtimeOptions } from '../../src/providers/openai.ts';
import { readOptions } from '../../src/providers/realtime/openai/options.ts';
import { sessionOf } from '../../src/providers/realtime/openai/settings.ts';
import { TOOL } from './openai-harness.ts';

const GOOD = { instructions: 'Be kind.', apiKey: 'sk-test' };

/** Options as a JavaScript user might write them. */
const make = (options: object) => openaiRealtime({ ...GOOD, ...options } as OpenAIRealtimeOptions);

function refusal(options: object): OffhookError {
  try {
    make(options);
  } catch (error) {
    if (error instanceof OffhookError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

beforeEach(() => {
  vi.stubEnv('OPENAI_API_KEY', undefined);
  vi.stubEnv('OPENAI_BASE_URL', undefined);
});
afterEach(() => vi.unstubAllEnvs());

describe('openaiRealtime options', () => {
  it('have defaults for everything but the instructions and the key', () => {
    const spec = openaiRealtime(GOOD);
    expect(spec).toMatchObject({
      codec: 'ulaw',
      turns: { by: 'model', answerAfter: 500, interruptAfter: 0 },
      greeting: { enabled: true, text: undefined, interruptible: true },
      description: {
        type: 'openai_realtime',
        system: 'openai',
        model: 'gpt-realtime-2',
        voice: 'marin',
        language: undefined,
      },
    });
  });

  it.each([
    [{ instructions: '' }, 'instructions'],
    [{ instructions: undefined }, 'instructions'],
    [{ model: '' }, 'model'],
    [{ language: 'Korean' }, 'language'],
    [{ turns: { by: 'caller' } }, 'turns.by'],
    [{ turns: { answerAfter: -1 } }, 'turns.answerAfter'],
    [{ turns: { answerAfter: 60_000 } }, 'turns.answerAfter'],
    [{ turns: { interruptAfter: 200 } }, 'turns.interruptAfter'],
    [{ turnDetection: 'semantic_vad' }, 'turnDetection'],
    [{ turnDetection: null }, 'turnDetection'],
    [{ turnDetection: { type: 'server_vad', create_response: false } }, 'turnDetection.create_response'],
    [{ greeting: 7 }, 'greeting'],
    [{ greeting: { text: 'Hi', interruptable: false } }, 'greeting.interruptable'],
    [{ transcription: { model: 1 } }, 'transcription.model'],
    [{ noiseReduction: true }, 'noiseReduction'],
    [{ speed: 2 }, 'speed'],
    [{ baseUrl: 'api.openai.com' }, 'baseUrl'],
    [{ codec: 'opus' }, 'codec'],
    [{ vendor: [] }, 'vendor'],
    [{ temperature: 1 }, 'temperature'],
    [{ vendor: { audio: { output: { format: { type: 'audio/pcm' } } } } }, 'vendor.audio.output.format'],
    [
      {
        turns: { by: 'runtime' },
        vendor: { audio: { input: { turn_detection: { create_response: true } } } },
      },
      'vendor.audio.input.turn_detection',
    ],
  ])('refuses %j', (options, name) => {
    const error = refusal(options);
    expect(error.code).toBe('OFFHOOK_OPTION_INVALID');
    expect(error.message).toContain(`option "${name}"`);
  });

  it('names the voices there are', () => {
    expect(refusal({ voice: 'bob' }).message).toMatch(
      /"voice" must be one of alloy, .*marin.*; received "bob"/,
    );
  });

  it('shows the value received, shortened, and no secret', () => {
    expect(refusal({ codec: 'opus' }).message).toContain('received "opus"');
    expect(refusal({ language: 'x'.repeat(500) }).message.length).toBeLessThan(300);
    expect(refusal({ apiKey: 12_345 }).message).not.toContain('12345');
  });

  it('takes the key and the address from the environment, and options beat it', () => {
    expect(() => openaiRealtime({ instructions: 'x' })).toThrow(/`apiKey`.*OPENAI_API_KEY/);
    expect(() => openaiRealtime({ instructions: 'x' })).toThrow(
      expect.objectContaining({ code: 'OFFHOOK_OPTION_MISSING' }),
    );
    vi.stubEnv('OPENAI_API_KEY', ' sk-env ');
    vi.stubEnv('OPENAI_BASE_URL', 'https://eu.example.com/v1');
    expect(readOptions({ instructions: 'x' })).toMatchObject({ apiKey: 'sk-env' });
    expect(readOptions({ instructions: 'x' }).baseUrl.href).toBe('https://eu.example.com/v1');
    expect(readOptions(GOOD).apiKey).toBe('sk-test');
    expect(readOptions({ ...GOOD, baseUrl: 'wss://x.example/v1' }).baseUrl.href).toBe('wss://x.example/v1');
  });

  it.each(['http://10.0.0.1/v1', 'ws://example.com/v1', 'http://127.0.0.1.example.com/v1'])(
    'refuses the plain address %s unless told that it is safe',
    (baseUrl) => {
      expect(refusal({ baseUrl }).code).toBe('OFFHOOK_URL_INSECURE');
      expect(() => make({ baseUrl, insecure: true })).not.toThrow();
    },
  );

  it.each(['http://127.0.0.1:1/v1', 'ws://localhost:1/v1', 'http://[::1]:1/v1'])('takes %s', (baseUrl) => {
    expect(() => make({ baseUrl })).not.toThrow();
  });

  it('takes a greeting in every form', () => {
    expect(make({ greeting: false }).greeting.enabled).toBe(false);
    expect(make({ greeting: 'Hello' }).greeting).toEqual({
      enabled: true,
      text: 'Hello',
      interruptible: true,
    });
    expect(make({ greeting: { interruptible: false } }).greeting).toEqual({
      enabled: true,
      text: undefined,
      interruptible: false,
    });
  });
});

describe('session.update', () => {
  it('has the GA shape by default', () => {
    expect(sessionOf(readOptions(GOOD), [TOOL])).toEqual({
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: 'Be kind.',
      audio: {
        input: {
          format: { type: 'audio/pcmu' },
          noise_reduction: { type: 'near_field' },
          transcription: { model: 'gpt-transcribe' },
          turn_detection: {
            type: 'semantic_vad',
            eagerness: 'low',
            create_response: true,
            interrupt_response: true,
          },
        },
        output: { format: { type: 'audio/pcmu' }, voice: 'marin' },
      },
      tools: [
        {
          type: 'function',
          name: 'check_order',
          description: 'Look up an order.',
          parameters: { type: 'object', properties: { id: { type: 'string' } } },
        },
      ],
    });
  });

  it('carries every option where the vendor wants it', () => {
    const session = sessionOf(
      readOptions({
        ...GOOD,
        voice: 'cedar',
        language: 'ko-KR',
        codec: 'alaw',
        speed: 1.2,
        noiseReduction: false,
        transcription: { model: 'gpt-live-transcribe', prompt: 'pizzas' },
        turnDetection: { type: 'server_vad', threshold: 0.6 },
      }),
      [],
    );
    expect(session.audio).toEqual({
      input: {
        format: { type: 'audio/pcma' },
        noise_reduction: null,
        transcription: { model: 'gpt-live-transcribe', language: 'ko', prompt: 'pizzas' },
        turn_detection: { type: 'server_vad', threshold: 0.6 },
      },
      output: { format: { type: 'audio/pcma' }, voice: 'cedar', speed: 1.2 },
    });
    expect(session.tools).toEqual([]);
  });

  it('leaves the detector its ears and takes its hands in runtime turns', () => {
    const turns = { by: 'runtime' } as const;
    const own = sessionOf(readOptions({ ...GOOD, turns, turnDetection: { type: 'server_vad' } }), []);
    expect(own.audio?.input?.turn_detection).toEqual({
      type: 'server_vad',
      create_response: false,
      interrupt_response: false,
    });
    const none = sessionOf(readOptions({ ...GOOD, turns, turnDetection: null }), []);
    expect(none.audio?.input?.turn_detection).toBeNull();
  });

  it('merges the vendor settings last, object by object, everything else as it is', () => {
    const session = sessionOf(
      readOptions({
        ...GOOD,
        vendor: {
          reasoning: { effort: 'low' },
          tracing: 'auto',
          output_modalities: ['audio', 'future'],
          audio: { output: { voice: { id: 'voice_1' } } },
        },
      }),
      [],
    );
    expect(session).toMatchObject({
      instructions: 'Be kind.',
      reasoning: { effort: 'low' },
      tracing: 'auto',
      output_modalities: ['audio', 'future'],
    });
    expect(session.audio?.output).toEqual({ format: { type: 'audio/pcmu' }, voice: { id: 'voice_1' } });
    expect(session.audio?.input?.transcription).toEqual({ model: 'gpt-transcribe' });
  });
});
