/**
 * @module Options as the vendor's session object (GA shape of `session.update`), and what that object implies
 * for us: who commits, who interrupts, whether there will be transcripts.
 */
import type {
  RealtimeAudioInputTurnDetection,
  RealtimeFunctionTool,
  RealtimeSessionCreateRequest,
} from 'openai/resources/realtime/realtime';
import type { Greeting, ToolSchema } from '../../contract.ts';
import { refuse, type ResolvedOptions } from './options.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The vendor's names of the two laws. */
const FORMATS = { ulaw: { type: 'audio/pcmu' }, alaw: { type: 'audio/pcma' } } as const;

/** How the session that was asked for will behave. */
export interface Behaviour {
  /** The vendor's detector ends turns of the input buffer; otherwise we commit it. */
  readonly commits: boolean;
  /** The vendor's detector answers by itself. */
  readonly answers: boolean;
  /** The vendor's detector cancels its response when the caller speaks. */
  readonly interrupts: boolean;
  /** Transcripts of the caller will arrive. */
  readonly transcribes: boolean;
}

/**
 * The session object of `session.update`; `vendor` is merged in last, object by object.
 * Source: protocols/providers.md section 1.
 */
export function sessionOf(
  options: ResolvedOptions,
  tools: readonly ToolSchema[],
): RealtimeSessionCreateRequest {
  const format = FORMATS[options.codec];
  const { transcription, noiseReduction, speed } = options;
  const session: RealtimeSessionCreateRequest = {
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: options.instructions,
    audio: {
      input: {
        format,
        // The declarations leave out the null that the field's own text asks for to switch it off.
        noise_reduction: (noiseReduction === false ? null : { type: noiseReduction }) as {
          type: 'near_field';
        },
        transcription: {
          model: transcription.model,
          ...(options.language === undefined ? {} : { language: baseLanguage(options.language) }),
          ...(transcription.prompt === undefined ? {} : { prompt: transcription.prompt }),
        },
        turn_detection: detectionOf(options) as RealtimeAudioInputTurnDetection | null,
      },
      output: { format, voice: options.voice, ...(speed === undefined ? {} : { speed }) },
    },
    tools: tools.map(toolOf),
  };
  return merge(session, options.vendor) as RealtimeSessionCreateRequest;
}

/** A tool in the vendor's shape. */
export function toolOf({ name, description, parameters }: ToolSchema): RealtimeFunctionTool {
  return { type: 'function', name, description, parameters };
}

/**
 * Reads off the final object what the vendor will do, so that `vendor` settings count too.
 * @throws OffhookError OFFHOOK_OPTION_INVALID where that contradicts `codec` or `turns`.
 */
export function behaviourOf(options: ResolvedOptions): Behaviour {
  const { input, output } = sessionOf(options, []).audio ?? {};
  const { type } = FORMATS[options.codec];
  if (input?.format?.type !== type) throw refuseFormat('input', type, input?.format);
  if (output?.format?.type !== type) throw refuseFormat('output', type, output?.format);
  const detection = input.turn_detection ?? undefined;
  const behaviour = {
    commits: detection !== undefined,
    answers: detection !== undefined && detection.create_response !== false,
    interrupts: detection !== undefined && detection.interrupt_response !== false,
    transcribes: Boolean(input.transcription),
  };
  checkTurns(options.turns, behaviour);
  return behaviour;
}

function refuseFormat(side: string, type: string, received: unknown): Error {
  return refuse(`vendor.audio.${side}.format`, `must not differ from \`codec\` (${type})`, received);
}

function checkTurns({ by, interruptAfter }: ResolvedOptions['turns'], behaviour: Behaviour): void {
  const { answers, interrupts, commits } = behaviour;
  if (by === 'runtime') {
    if (!answers && !interrupts) return;
    throw refuse('vendor.audio.input.turn_detection', 'must not answer or interrupt in runtime turns', true);
  }
  if (!commits) throw refuse('turnDetection', 'may be null only with `turns.by: "runtime"`', null);
  if (!answers) {
    throw refuse('turnDetection.create_response', 'may be false only with `turns.by: "runtime"`', false);
  }
  if (interruptAfter > 0 && interrupts) {
    throw refuse(
      'turns.interruptAfter',
      'must be 0 while the model interrupts itself (`interrupt_response: false` leaves it to the runtime)',
      interruptAfter,
    );
  }
}

/** The `greeting` option in the runtime's terms. */
export function greetingOf(greeting: ResolvedOptions['greeting']): Greeting {
  if (typeof greeting === 'boolean') return { enabled: greeting, text: undefined, interruptible: true };
  if (typeof greeting === 'string') return { enabled: true, text: greeting, interruptible: true };
  return { enabled: true, text: greeting.text, interruptible: greeting.interruptible };
}

function detectionOf({ turns, turnDetection }: ResolvedOptions): Fields | null {
  if (turns.by === 'model' || turnDetection === null) return turnDetection;
  // The runtime asks for replies and cancels them, so a vendor that did so too would answer twice.
  return { ...turnDetection, create_response: false, interrupt_response: false };
}

/** Transcription takes ISO 639-1 alone: `ko-KR` is refused there. */
function baseLanguage(language: string): string {
  return language.split('-', 1)[0] ?? language;
}

function merge(base: unknown, over: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over))
    merged[key] = key in base ? merge(base[key], value) : value;
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
