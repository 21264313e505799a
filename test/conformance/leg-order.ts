/**
 * @module The order in which a leg tells what it tells, as the port promises it: watched on every leg of every
 * conformance test, so that no scenario has to think of it.
 */
import type { CallInfo, LegFact, LegSink } from '../../src/transport/contract.ts';

export interface OrderWatch {
  /** Stands before the listener of a leg. */
  readonly sink: LegSink;
  /** What was out of order, in words; empty if nothing was. */
  readonly broken: readonly string[];
}

/** Watches what goes to `listener`. */
export function watchOrder(info: CallInfo, listener: LegSink): OrderWatch {
  const broken: string[] = [];
  const seen = new Set<LegFact['type']>();
  const results = new Set<string>();
  let epoch = 0;
  let flowing = false;

  const check = (right: boolean, what: string): void => {
    if (!right) broken.push(`${info.transport}: ${what} (after ${[...seen].join(', ') || 'nothing'})`);
  };
  const checkOnce = (type: LegFact['type']): void => check(!seen.has(type), `a second ${type}`);
  const rules: { readonly [Type in LegFact['type']]?: (fact: Extract<LegFact, { type: Type }>) => void } = {
    'leg.ringing': () => {
      checkOnce('leg.ringing');
      check(info.direction === 'outbound' && !seen.has('leg.answered'), 'leg.ringing');
    },
    'leg.answered': () => checkOnce('leg.answered'),
    'leg.mediaStarted': (fact) => {
      epoch += 1;
      check(seen.has('leg.answered') && !flowing && fact.epoch === epoch, `leg.mediaStarted ${fact.epoch}`);
      flowing = true;
    },
    'leg.mediaStopped': (fact) => {
      check(flowing && fact.epoch === epoch, `leg.mediaStopped ${fact.epoch}`);
      flowing = false;
    },
    'leg.hangup': ({ by }) => {
      check(!flowing || by === 'agent', `leg.hangup by the ${by} with media open`);
      flowing = false;
    },
    'leg.ended': () => {
      checkOnce('leg.ended');
      check(seen.has('leg.hangup'), 'leg.ended');
    },
    'transfer.completed': ({ request }) => settle(request),
    'transfer.failed': ({ request }) => settle(request),
  };
  const settle = (request: string): void => {
    check(!results.has(request), `a second result of ${request}`);
    results.add(request);
  };
  const media =
    <Given>(what: string, pass: (given: Given) => void) =>
    (given: Given): void => {
      check(flowing, `${what} without media`);
      pass(given);
    };

  return {
    broken,
    sink: {
      fact(fact) {
        check(!seen.has('leg.hangup') || fact.type === 'leg.ended', `${fact.type} of a leg that is over`);
        (rules[fact.type] as ((fact: LegFact) => void) | undefined)?.(fact);
        seen.add(fact.type);
        listener.fact(fact);
      },
      audio: media('audio', (chunk) => listener.audio(chunk)),
      mark: media('a mark', (name) => listener.mark(name)),
      digit: media('a key', (key) => listener.digit(key)),
    },
  };
}
