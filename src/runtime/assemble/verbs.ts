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

/** Waits for what happens to a request or generation of this number. */
type Numbered<T> = Waiting<T> & { readonly number: number };

/** Takes out the one of that number. */
function take<T>(list: Numbered<T>[], number: number): Numbered<T> | undefined {
  const index = list.findIndex((waiting) => waiting.number === number);
  return index < 0 ? undefined : list.splice(index, 1)[0];
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
  const requested: Numbered<SayResult>[] = [];
  /** By generation. */
  const saying: Numbered<SayResult>[] = [];
  const collecting: Numbered<CollectResult>[] = [];
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
    requested.push({ ...waiting, number: request });
  };

  /** What the chart no longer waits for and nobody heard anything of was not heard: withdrawn, refused, empty. */
  const settleLost = (context: CallContext): void => {
    const known = [...context.gens, ...context.cutting];
    const withdrawn = requested.filter(
      ({ number }) => !context.asked.some(({ request }) => request === number),
    );
    const unheard = saying.filter(({ number }) => !known.some(({ gen }) => gen === number));
    for (const { number } of withdrawn) take(requested, number)?.resolve(UNHEARD);
    for (const { number } of unheard) take(saying, number)?.resolve(UNHEARD);
  };

  return {
    watcher: {
      event({ chart, event, stale, after }) {
        if (stale !== undefined || chart !== 'call') return;
        const given = event as CallEvent;
        const context = after.context as CallContext;
        if (given.type === 'say.requested') bind(context);
        if (given.type === 'gen.started' && given.request !== undefined) {
          const waiting = take(requested, given.request);
          if (waiting) saying.push({ ...waiting, number: given.gen });
        }
        if (requested.length + saying.length > 0) settleLost(context);
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
        collecting.push({ number: request, resolve, reject });
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
      take(saying, entry.gen)?.resolve({ heard: entry.heard ?? '', cut: entry.method !== 'exact' });
    },
    collected(request, reason) {
      const waiting = take(collecting, request);
      const digits = parts.record.takeKeys().replace(/#.*$/, '');
      waiting?.resolve({ digits, reason });
    },
    close() {
      closed = true;
      const open = [...unsent, ...requested, ...saying, ...collecting];
      for (const waiting of open) waiting.reject(refuse(''));
      unsent.length = 0;
      requested.length = 0;
      saying.length = 0;
      collecting.length = 0;
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
