/**
 * @module Plants a fault: whatever imports a chart from now on gets the faulty one, and everything that was imported
 * before is forgotten. No chart, runtime or suite knows that this can be done to it.
 */
import { type AnyStateMachine, createMachine, type EventObject } from 'xstate';
import { vi } from 'vitest';
import { callMachine } from '../../src/machines/call/machine.ts';
import { type ChartWatcher, govern } from '../../src/machines/govern.ts';
import * as link from '../../src/machines/link/link.ts';
import { sessionMachine } from '../../src/machines/session/machine.ts';
import { staleForCall, staleForSession } from '../../src/machines/stale.ts';
import * as work from '../../src/runtime/work.ts';
import * as settle from '../../src/testing/settle.ts';
import { copyConfig, type StateConfig } from './patch.ts';
import { forgetModules } from './suites.ts';

export interface Fault {
  readonly name: string;
  /** What somebody on the telephone, or whoever pays for it, would notice. */
  readonly notices: string;
  /** The law that at least one layer is to name. */
  readonly breaks: string;
  readonly chart?: 'call' | 'session' | 'link';
  /** Changes the chart's definition. */
  readonly patch?: (config: StateConfig) => void;
  /** Actions or guards put in the place of named ones. */
  readonly replace?: (machine: AnyStateMachine) => { actions?: object; guards?: object };
  /** Decides anew about an event that the stale filter has turned away for `reason`. */
  readonly lets?: (reason: string, event: EventObject) => boolean;
}

/** What a governed chart went through. */
export interface Counters {
  stale: number;
  threw: number;
}

/** The chart, built anew from a changed copy of its definition. */
function build(machine: AnyStateMachine, fault: Fault): AnyStateMachine {
  const config = copyConfig(machine.config as unknown as StateConfig);
  fault.patch?.(config);
  const { actions, guards, ...rest } = machine.implementations;
  const other = fault.replace?.(machine) ?? {};
  return createMachine(
    config as never,
    {
      ...rest,
      actions: { ...actions, ...other.actions },
      guards: { ...guards, ...other.guards },
    } as never,
  );
}

/** What the control plants: charts built anew all the same. */
export const NOTHING: Fault = { name: 'nothing', notices: '', breaks: '' };

interface Planting {
  readonly fault: Fault;
  readonly call: AnyStateMachine;
  readonly session: AnyStateMachine;
  readonly link: AnyStateMachine;
  readonly counters: Counters;
}

/** What is planted now: suites that were imported for an earlier fault make their charts of it too. */
let now: Planting;

const sieve =
  <Context, Event extends EventObject>(
    chart: Fault['chart'],
    staleness: (context: Context, event: Event) => string | undefined,
  ) =>
  (context: Context, event: Event): string | undefined => {
    const reason = staleness(context, event);
    const { fault } = now;
    const isLet = reason !== undefined && fault.chart === chart && fault.lets?.(reason, event) === true;
    return isLet ? undefined : reason;
  };

const counting = (watcher: ChartWatcher | undefined): ChartWatcher => ({
  stepped: (...step) => watcher?.stepped(...step),
  stale(...dropped) {
    now.counters.stale += 1;
    watcher?.stale(...dropped);
  },
  threw(...thrown) {
    now.counters.threw += 1;
    watcher?.threw(...thrown);
  },
});

/** Plants a fault in every chart that is made from here on; returns what the charts go through. */
export function plant(fault: Fault): Counters {
  const of = (chart: Fault['chart']): Fault => (fault.chart === chart ? fault : NOTHING);
  now = {
    fault,
    call: build(callMachine, of('call')),
    session: build(sessionMachine, of('session')),
    link: build(link.linkMachine, of('link')),
    counters: { stale: 0, threw: 0 },
  };
  forgetModules();
  // Whoever watches the sockets of this process stays, so that one watcher sees them all.
  vi.doMock('../../src/testing/settle.ts', () => settle);
  vi.doMock('../../src/runtime/work.ts', () => work);
  vi.doMock('../../src/machines/call/machine.ts', () => ({
    callMachine: now.call,
    createCallLogic: (actors: object) => now.call.provide({ actors } as never),
  }));
  vi.doMock('../../src/machines/session/machine.ts', () => ({
    sessionMachine: now.session,
    createSessionLogic: (actors: object) => now.session.provide({ actors } as never),
  }));
  vi.doMock('../../src/machines/link/link.ts', () => ({
    ...link,
    linkMachine: now.link,
    createLinkLogic: (ports: link.LinkPorts) =>
      now.link.provide({ actors: link.createLinkLogic(ports).implementations.actors } as never),
  }));
  vi.doMock('../../src/machines/stale.ts', () => ({
    staleForCall: sieve('call', staleForCall),
    staleForSession: sieve('session', staleForSession),
  }));
  vi.doMock('../../src/machines/govern.ts', () => ({
    govern: ((machine, governance, watcher) =>
      govern(machine, governance, counting(watcher))) as typeof govern,
  }));
  return now.counters;
}
