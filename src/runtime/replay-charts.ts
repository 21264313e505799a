/**
 * @module A call's charts without the world: ports that take orders and never tell, a clock that never fires. The two
 * charts run apart, so that the log decides which of them handles its next event, as mailboxes did in the call.
 */
import {
  type AnyActorRef,
  type AnyActorScope,
  type AnyMachineSnapshot,
  createActor,
  createMachine,
  type EventObject,
  fromCallback,
} from 'xstate';
import type { PortLogic } from '../machines/call/base.ts';
import { createCallLogic } from '../machines/call/machine.ts';
import type { CallInput } from '../machines/call/vocabulary.ts';
import { type ChartWatcher, govern } from '../machines/govern.ts';
import { createSessionLogic } from '../machines/session/machine.ts';
import { staleForCall, staleForSession } from '../machines/stale.ts';
import type { CallWatcher, ChartName } from './switchboard.ts';

/** What one chart sent the other and the other has not been given yet. */
export interface Letter {
  /** When it was sent: what is sent within a stimulus is handled within it. */
  readonly at: number;
  readonly event: EventObject;
}

export interface ReplayCharts {
  /** Starts both charts at `at`; the orders of their first states are seen by the watcher. */
  start(at: number): void;
  /** Gives a chart one event, as if `source` had sent it at `at`. */
  feed(at: number, chart: ChartName, source: string, event: EventObject): void;
  /** The letters that wait for a chart, oldest first. */
  letters(chart: ChartName): Letter[];
  /** The call chart has ended: it reads no more letters, and the session is told nothing more. */
  readonly over: boolean;
  stop(): void;
}

const deafClock = { setTimeout: () => undefined, clearTimeout: () => undefined };

/** Creates the charts of one call from its input as the log's header has it. */
export function createReplayCharts(input: CallInput, watcher: CallWatcher): ReplayCharts {
  const letters: Record<ChartName, Letter[]> = { call: [], session: [] };
  let at = 0;
  let source = '';

  const port = (chart: ChartName): PortLogic =>
    fromCallback<EventObject>(({ receive, self }) =>
      receive((order) => watcher.order?.({ at, chart, to: self.id, order })),
    );
  const watch = (chart: ChartName): ChartWatcher => {
    const report = (
      event: EventObject,
      before: AnyMachineSnapshot,
      after: AnyMachineSnapshot,
      stale?: string,
    ): void => watcher.event?.({ at, chart, source, event, before, after, stale });
    return {
      stepped: (_scope, event, before, after) => report(event, before, after),
      stale(scope: AnyActorScope, event, reason) {
        const snapshot: AnyMachineSnapshot = scope.self.getSnapshot();
        report(event, snapshot, snapshot, reason);
      },
      threw: () => undefined,
    };
  };

  const leg = port('call');
  const mailbox: PortLogic = fromCallback<EventObject>(({ receive }) =>
    receive((event) => void letters.session.push({ at, event })),
  );
  const call = createActor(
    govern(
      createCallLogic({ leg, session: mailbox, screen: leg, start: leg, limit: leg, tool: leg }),
      { name: 'call', staleness: staleForCall },
      watch('call'),
    ),
    { id: 'call', input, clock: deafClock },
  );
  const parent = createActor(
    createMachine({
      invoke: {
        id: 'session',
        src: govern(
          createSessionLogic({ connection: port('session') }),
          { name: 'session', staleness: staleForSession },
          watch('session'),
        ),
        input: { call: input.id },
      },
      on: { '*': { actions: ({ event }) => void letters.call.push({ at, event }) } },
    }),
    { id: 'call', clock: deafClock },
  );
  const session = (): AnyActorRef | undefined => {
    const { children }: AnyMachineSnapshot = parent.getSnapshot();
    return children['session'];
  };
  // A chart that failed in the call fails here too; unobserved, XState would throw it at the process.
  const quiet = { error: () => undefined };
  call.subscribe(quiet);
  parent.subscribe(quiet);

  return {
    start(now) {
      at = now;
      call.start();
      parent.start();
    },
    feed(now, chart, from, event) {
      at = now;
      source = from;
      const target: AnyActorRef | undefined = chart === 'call' ? call : session();
      target?.send(event);
    },
    letters: (chart) => letters[chart],
    get over() {
      return call.getSnapshot().status !== 'active';
    },
    stop() {
      call.stop();
      parent.stop();
    },
  };
}
