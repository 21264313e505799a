/**
 * @module What a program asks of a running call. Each verb checks the chart's state, sends one event, and settles on
 * the fact that answers it; what is still open when the call ends is refused by code.
 */
import type { CollectOptions, CollectResult, SayResult } from '../../call.ts';
import { OffhookError } from '../../errors.ts';
import type { CallContext, CallEvent } from '../../machines/call/vocabulary.ts';
import type { AssistantEntry } from '../record.ts';
import type { CallWatcher } from '../switchboard.ts';
import type { CallParts } from './parts.ts';

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: OffhookError): void;
}

export interface Verbs {
  readonly watcher: CallWatcher;
  say(text: string): Promise<SayResult>;
  collectDigits(options: CollectOptions): Promise<CollectResult>;
  sendDigits(digits: string): Promise<void>;
  /** @throws OffhookError OFFHOOK_CALL_ENDED, or OFFHOOK_CALL_STATE where nothing could be heard. */
  checkTalking(): void;
  heard(entry: AssistantEntry): void;
  collected(request: number, reason: 'complete' | 'timeout'): void;
  close(): void;
}

export interface VerbHost {
  send(event: CallEvent): void;
  /** Dotted dialogue state, or the phase while there is none: `ringing`, `closing`, `ended`. */
  dialogue(): string;
  keypad(): string;
}

const UNHEARD: SayResult = { heard: '', cut: true };

/** Nobody holds a phone and presses nothing for longer. */
const LONGEST_WAIT = 600_000;

const TALKING = /^(greeting|conversing|returning)/;

export function createVerbs(parts: CallParts, host: VerbHost): Verbs {
  /** Texts that wait for their request number, in the order they were asked for. */
  const unsent: (Waiting<SayResult> & { readonly text: string })[] = [];
  const requested = new Map<number, Waiting<SayResult>>();
  const saying = new Map<number, Waiting<SayResult>>();
  const collecting = new Map<number, Waiting<CollectResult>>();
  let collectRequest = 0;
  let closed = false;

  const refuse = (needs: string): OffhookError =>
    closed
      ? new OffhookError('OFFHOOK_CALL_ENDED', undefined, { call: parts.id })
      : new OffhookError('OFFHOOK_CALL_STATE', `The call is in "${host.dialogue()}"; this needs ${needs}.`, {
          call: parts.id,
        });

  const unable = (what: string): OffhookError =>
    new OffhookError(
      'OFFHOOK_CAPABILITY_MISSING',
      `The transport "${parts.info.transport}" cannot ${what}.`,
      {
        call: parts.id,
      },
    );

  /** The chart has taken a request to say something, or had no session to say it with. */
  const bind = (context: CallContext): void => {
    const waiting = unsent.shift();
    if (!waiting) return;
    const request = context.lastRequest;
    if (!context.asked.some((entry) => entry.kind === 'say' && entry.request === request)) {
      waiting.resolve(UNHEARD);
      return;
    }
    parts.record.queueSaying(waiting.text);
    parts.record.bindSaying(request);
    requested.set(request, waiting);
  };

  /** What the chart no longer waits for and nobody heard anything of was not heard: withdrawn, refused, empty. */
  const settleLost = (context: CallContext): void => {
    for (const [request, waiting] of requested) {
      if (context.asked.some((entry) => entry.request === request)) continue;
      requested.delete(request);
      waiting.resolve(UNHEARD);
    }
    for (const [gen, waiting] of saying) {
      if ([...context.gens, ...context.cutting].some((entry) => entry.gen === gen)) continue;
      saying.delete(gen);
      waiting.resolve(UNHEARD);
    }
  };

  return {
    watcher: {
      event({ chart, event, stale, after }) {
        if (stale !== undefined || chart !== 'call') return;
        const given = event as CallEvent;
        const context = after.context as CallContext;
        if (given.type === 'say.requested') bind(context);
        if (given.type === 'gen.started' && given.request !== undefined) {
          const waiting = requested.get(given.request);
          requested.delete(given.request);
          if (waiting) saying.set(given.gen, waiting);
        }
        if (requested.size + saying.size > 0) settleLost(context);
      },
    },
    say: (text) =>
      new Promise((resolve, reject) => {
        if (closed || !TALKING.test(host.dialogue())) {
          reject(refuse('a conversation (greeting, conversing or returning)'));
          return;
        }
        unsent.push({ text, resolve, reject });
        host.send({ type: 'say.requested' });
      }),
    collectDigits: ({ max, first = 5_000, next = 5_000 }) =>
      new Promise((resolve, reject) => {
        if (closed || !TALKING.test(host.dialogue())) return reject(refuse('a conversation'));
        if (!parts.leg.can.digitsIn) return reject(unable('hear keys'));
        if (host.keypad().startsWith('collecting'))
          return reject(refuse('a keypad that nobody is collecting from'));
        if (!Number.isInteger(max) || max < 1 || max > 64) {
          return reject(
            new OffhookError(
              'OFFHOOK_OPTION_INVALID',
              `collectDigits: option "max" must be 1 to 64, received ${max}.`,
            ),
          );
        }
        for (const [name, ms] of Object.entries({ first, next })) {
          if (ms >= 0 && ms <= LONGEST_WAIT) continue;
          const rule = `must be 0 to ${LONGEST_WAIT} ms, received ${ms}.`;
          return reject(
            new OffhookError('OFFHOOK_OPTION_INVALID', `collectDigits: option "${name}" ${rule}`),
          );
        }
        const request = (collectRequest += 1);
        collecting.set(request, { resolve, reject });
        host.send({ type: 'digits.collect', request, max, first, next });
        return undefined;
      }),
    async sendDigits(digits) {
      if (closed || !TALKING.test(host.dialogue())) throw refuse('a conversation');
      if (!parts.leg.can.digitsOut) throw unable('send digits');
      if (!/^[0-9*#wW]+$/.test(digits)) {
        throw new OffhookError(
          'OFFHOOK_OPTION_INVALID',
          'sendDigits takes 0-9, *, #, w (0.5 s) and W (1 s) only.',
        );
      }
      for (const [keys] of digits.matchAll(/[wW]|[^wW]+/g)) {
        if (keys === 'w' || keys === 'W') await pause(parts, keys === 'w' ? 500 : 1_000);
        else {
          const code = await parts.leg.sendDigits(keys);
          if (code) throw new OffhookError(code, undefined, { call: parts.id });
        }
        if (closed) throw refuse('a call that is up');
      }
    },
    checkTalking() {
      if (closed || !TALKING.test(host.dialogue())) throw refuse('a conversation');
    },
    heard(entry) {
      const waiting = saying.get(entry.gen);
      if (!waiting) return;
      saying.delete(entry.gen);
      waiting.resolve({ heard: entry.heard ?? '', cut: entry.method !== 'exact' });
    },
    collected(request, reason) {
      const waiting = collecting.get(request);
      collecting.delete(request);
      const digits = parts.record.takeKeys().replace(/#.*$/, '');
      waiting?.resolve({ digits, reason });
    },
    close() {
      closed = true;
      const open = [...unsent, ...requested.values(), ...saying.values(), ...collecting.values()];
      for (const waiting of open) waiting.reject(refuse(''));
      unsent.length = 0;
      requested.clear();
      saying.clear();
      collecting.clear();
    },
  };
}

function pause(parts: CallParts, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = parts.clock.setTimeout(() => {
      release();
      resolve();
    }, ms);
    const release = parts.scope.own('digit pause', () => {
      parts.clock.clearTimeout(timer);
      resolve();
    });
  });
}
