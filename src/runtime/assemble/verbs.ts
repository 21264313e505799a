/**
 * @module What a program asks of a running call. Each verb checks the chart's state, sends one event, and settles on
 * the fact that answers it; what is still open when the call ends is refused by code.
 */
import type { CollectOptions, CollectResult, SayResult } from '../../call.ts';
import { OffhookError } from '../../errors.ts';
import type { CallEvent } from '../../machines/call/vocabulary.ts';
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

const TALKING = /^(greeting|conversing|returning)/;

export function createVerbs(parts: CallParts, host: VerbHost): Verbs {
  /** Texts that wait for their request number, in the order they were asked for. */
  const unsent: Waiting<SayResult>[] = [];
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

  const unheard = (request: number | undefined): void => {
    if (request === undefined) return;
    requested.get(request)?.resolve({ heard: '', cut: true });
    requested.delete(request);
  };

  return {
    watcher: {
      order({ chart, to, order }) {
        const given = order as { type: string; request?: number };
        if (
          chart === 'session' &&
          to === 'connection' &&
          given.type === 'say' &&
          given.request !== undefined
        ) {
          const waiting = unsent.shift();
          if (waiting) requested.set(given.request, waiting);
        }
      },
      event({ chart, event, stale }) {
        if (stale !== undefined) return;
        const given = event as CallEvent;
        if (chart === 'session' && (event.type as string) === 'withdraw') {
          unheard((event as unknown as { request: number }).request);
        }
        if (chart !== 'call') return;
        if (given.type === 'gen.started' && given.request !== undefined) {
          const waiting = requested.get(given.request);
          requested.delete(given.request);
          if (waiting) saying.set(given.gen, waiting);
        }
        if (given.type === 'gen.failed') unheard(given.request);
      },
    },
    say: (text) =>
      new Promise((resolve, reject) => {
        if (closed || !TALKING.test(host.dialogue())) {
          reject(refuse('a conversation (greeting, conversing or returning)'));
          return;
        }
        parts.record.queueSaying(text);
        unsent.push({ resolve, reject });
        host.send({ type: 'say.requested' });
      }),
    collectDigits: ({ max, first = 5_000, next = 5_000 }) =>
      new Promise((resolve, reject) => {
        if (closed || !TALKING.test(host.dialogue())) return reject(refuse('a conversation'));
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
        const request = (collectRequest += 1);
        collecting.set(request, { resolve, reject });
        host.send({ type: 'digits.collect', request, max, first, next });
        return undefined;
      }),
    async sendDigits(digits) {
      if (closed || !TALKING.test(host.dialogue())) throw refuse('a conversation');
      if (!parts.leg.can.digitsOut) {
        throw new OffhookError('OFFHOOK_CAPABILITY_MISSING', 'This transport cannot send digits.', {
          call: parts.id,
        });
      }
      if (!/^[0-9*#wW]+$/.test(digits)) {
        throw new OffhookError(
          'OFFHOOK_OPTION_INVALID',
          'sendDigits takes 0-9, *, #, w (0.5 s) and W (1 s) only.',
        );
      }
      for (const key of digits) {
        if (key === 'w' || key === 'W') await pause(parts, key === 'w' ? 500 : 1_000);
        else parts.leg.sendDigit(key);
        if (closed) throw refuse('a call that is up');
      }
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
    const release = parts.scope.own('digit pause', () => parts.clock.clearTimeout(timer));
  });
}
