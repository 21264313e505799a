/**
 * @module Puts one call together: its actor, its line, its session, its tools, its log and what watches them, and
 * takes it apart again when the actor has ended, whatever the way it ended.
 */
import { join } from 'node:path';
import { type Actor, type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import type { HearMode, SpeakMode } from '../../audio/gate.ts';
import type { RecordingSummary } from '../../audio/recorder.ts';
import type { CallHandle, Outcome } from '../../call.ts';
import { OffhookError } from '../../errors.ts';
import type { CallEmitted } from '../../machines/call/base.ts';
import type { CallContext, CallEvent, CallInput } from '../../machines/call/vocabulary.ts';
import type { SessionSpec } from '../../providers/contract.ts';
import type { CallTrace } from '../../trace/call-trace.ts';
import { type CallLog, fileNameOf } from '../call-log.ts';
import { latchClock } from '../clock.ts';
import { createCounter } from '../ids.ts';
import { createLogWatcher } from '../log-watcher.ts';
import { createScope, nameOf } from '../scope.ts';
import type { CallWatcher } from '../switchboard.ts';
import { createHandle } from './handle.ts';
import { createLine } from './line.ts';
import { openLog } from './log.ts';
import { type CallEnd, readEnd } from './outcome.ts';
import { type CallParts, createCounters } from './parts.ts';
import { createPorts } from './ports.ts';
import { createProgress } from './progress.ts';
import { recordCall } from './recording.ts';
import { makeSession } from './session.ts';
import type { AssembledCall, CallSetup } from './setup.ts';
import { readState, readTag } from './state.ts';
import { START_LIMIT, within } from './tasks.ts';
import { writeMetrics } from './telemetry.ts';
import { createVerbs } from './verbs.ts';
import { openRecord } from './words.ts';

/** A chart that has not ended this long after its line was gone never will: its longest wait is 30 s. */
const REAPED_AFTER = 60_000;

export function assembleCall(setup: CallSetup): AssembledCall {
  return new CallAssembly(setup);
}

class CallAssembly implements AssembledCall {
  readonly handle: CallHandle;
  readonly log: string;
  readonly #setup: CallSetup;
  readonly #parts: CallParts;
  readonly #callLog: CallLog;
  readonly #recording: ReturnType<typeof recordCall> | undefined;
  readonly #line: ReturnType<typeof createLine>;
  readonly #verbs: ReturnType<typeof createVerbs>;
  readonly #progress: ReturnType<typeof createProgress>;
  readonly #trace: CallTrace | undefined;
  readonly #unplug: () => void;
  readonly #settle: (outcome: Outcome) => void;
  #actor: Actor<AnyStateMachine> | undefined;
  #spec: SessionSpec | undefined;
  #platformDuration: number | undefined;
  #over = false;

  constructor(setup: CallSetup) {
    this.#setup = setup;
    const { leg, logger, clock: raw } = setup;
    const { id } = leg.info;
    const file = join(setup.log.directory, fileNameOf(id));
    this.log = `${file}.call.log`;
    const scope = createScope(logger, id);
    const unwritable = (what: string) => (error: unknown) =>
      logger.error({ call: id, what, error: nameOf(error) }, 'a file of the call cannot be written');
    const clock = latchClock(raw, () => this.#callLog.flush());
    const parts: CallParts = {
      id,
      info: leg.info,
      leg,
      clock,
      raw,
      scope,
      logger,
      record: openRecord(scope, {
        path: setup.log.record ? `${file}.call.jsonl` : undefined,
        now: () => clock.now(),
        failed: unwritable('record'),
        said: (text, turn) => setup.events.emit('transcript', this.handle, 'user', text, { turn }),
      }),
      counters: createCounters(),
      spec: () => this.#spec,
      policy: () => setup.policy(this.#spec),
      takeGeneration: createCounter(),
    };
    this.#parts = parts;
    this.#callLog = openLog(parts, this.log, () => this.#input(), unwritable('log'));
    this.#verbs = createVerbs(parts, {
      send: (event) => this.#send(event),
      dialogue: () => this.#state().dialogue,
      keypad: () => this.#state().keypad,
    });
    this.#line = this.#openLine();
    this.#progress = this.#follow();
    if (setup.recording) {
      this.#recording = recordCall(parts, this.#line, setup.recording.directory, (event) =>
        this.#send(event),
      );
    }
    this.#trace = setup.trace(parts);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#settle = resolve;
    this.handle = createHandle(parts, {
      line: this.#line,
      verbs: this.#verbs,
      progress: this.#progress,
      metadata: setup.metadata,
      ended: promise,
      send: (event) => this.#send(event),
      state: () => this.#state(),
    });
    const watchers: CallWatcher[] = [createLogWatcher(this.#callLog), this.#verbs.watcher, this.#progress];
    if (this.#trace) watchers.push(this.#trace.watcher);
    this.#unplug = setup.switchboard.plug(id, {
      ports: createPorts(parts, setup, {
        line: this.#line,
        verbs: this.#verbs,
        handle: () => this.handle,
        prepare: () => this.#prepare(),
      }),
      watchers,
      now: () => clock.now(),
      stimulus: (work) => clock.stimulus(work),
      threw: (chart, error) => this.#threw(chart, error),
    });
  }

  async start(): Promise<void> {
    if (this.#parts.info.direction === 'outbound') {
      await within(this.#parts, START_LIMIT, () => this.#prepare());
    }
    if (this.#over) return;
    this.#parts.clock.stimulus(() => {
      const actor = createActor(this.#setup.switchboard.logic, {
        id: 'call',
        input: this.#input(),
        clock: this.#parts.clock,
        inspect: this.#setup.switchboard.inspect(this.#parts.id),
      });
      this.#actor = actor;
      actor.subscribe({
        next: (snapshot) => this.#steer(snapshot as AnyMachineSnapshot),
        error: (error) => this.#reap(error),
        // A chart that is stopped completes too, without having come to its end.
        complete: () => {
          const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
          if (snapshot.status === 'done') this.#finish(readEnd(snapshot, this.#parts.id));
        },
      });
      actor.on('digits.collected', (event) => {
        // The chart's erased type no longer says what it emits.
        const { request, reason } = event as unknown as CallEmitted;
        this.#verbs.collected(request, reason);
      });
      actor.start();
      this.#steer(actor.getSnapshot() as AnyMachineSnapshot);
    });
  }

  stop(reason: string): void {
    this.#send({ type: 'agent.end', reason });
  }

  abandon(): void {
    this.#actor?.stop();
    this.#finish({ status: 'failed', endedBy: 'runtime', reason: 'abandoned' });
  }

  recording(): RecordingSummary | undefined {
    return this.#recording?.summary();
  }

  get open(): number {
    return this.#parts.scope.open + this.#parts.clock.pending;
  }

  #input(): CallInput {
    return { id: this.#parts.id, direction: this.#parts.info.direction, policy: this.#parts.policy() };
  }

  #state(): CallHandle['state'] {
    return readState((this.#actor?.getSnapshot() as AnyMachineSnapshot | undefined)?.value);
  }

  #send(event: CallEvent): void {
    if (this.#over) return;
    // Called off while its session was being prepared: there is no chart yet, and nobody was rung up.
    if (!this.#actor && event.type === 'agent.end') {
      this.#finish({ status: 'canceled', endedBy: 'agent', reason: event.reason });
      return;
    }
    this.#parts.clock.stimulus(() => this.#actor?.send(event));
  }

  /** The media plane follows the chart's tags once its orders have gone out. */
  #steer(snapshot: AnyMachineSnapshot): void {
    const tags: ReadonlySet<string> = snapshot.tags;
    this.#line.steer(readTag<HearMode>(tags, 'hear.', 'drop'), readTag<SpeakMode>(tags, 'speak.', 'drop'));
    this.#recording?.follow(readState(snapshot.value), tags);
  }

  #openLine(): ReturnType<typeof createLine> {
    const { events } = this.#setup;
    return createLine(this.#parts, {
      gain: this.#setup.gain,
      pressed: (key) => events.emit('dtmf', this.handle, key),
      heard: (entry) => {
        this.#verbs.heard(entry);
        if (entry.heard === undefined || entry.method === undefined || entry.kind === 'audio') return;
        events.emit('transcript', this.handle, 'assistant', entry.heard, {
          gen: entry.gen,
          generated: entry.text.whole(),
          method: entry.method,
          heardMs: entry.heardMs,
        });
      },
      transferRequest: () => undefined,
      legFact: (fact) => {
        if (fact.type === 'leg.ended') this.#platformDuration = fact.durationMs;
        if (fact.type === 'leg.hangup') this.#armReaper();
      },
    });
  }

  #follow(): ReturnType<typeof createProgress> {
    const { events } = this.#setup;
    return createProgress({
      turn: (details) => events.emit('turn', this.handle, details),
      bargeIn: (details) => events.emit('barge_in', this.handle, details),
      sessionLost: (code) => events.emit('session_lost', this.handle, { code }),
      entered: ({ at, chart, states, why, value }) => {
        if (chart !== 'call' || !events.has('state')) return;
        events.emit('state', this.handle, { at, entered: states, why, state: readState(value) });
      },
    });
  }

  async #prepare(): Promise<void> {
    this.#spec = await makeSession(this.#parts, this.#setup.recipe);
  }

  /** Whether `call_start` was told: the chart knows, since it is the chart that had it told. */
  #wasAnnounced(): boolean {
    const snapshot = this.#actor?.getSnapshot() as AnyMachineSnapshot | undefined;
    const context = snapshot?.context as CallContext | undefined;
    return context !== undefined && context.started !== 'no';
  }

  #threw(chart: string, error: unknown): void {
    const { id, logger, counters } = this.#parts;
    counters.faults += 1;
    logger.error(
      { call: id, chart, code: 'OFFHOOK_CHART_FAULT', error: nameOf(error) },
      'a chart or port threw',
    );
    if (chart.startsWith('session'))
      this.#send({ type: 'fault', actor: 'session', code: 'OFFHOOK_CHART_FAULT' });
  }

  #armReaper(): void {
    const { clock, scope } = this.#parts;
    const timer = clock.setTimeout(() => this.#reap(new Error('the chart did not end')), REAPED_AFTER);
    scope.own('reaper', () => clock.clearTimeout(timer));
  }

  #reap(cause: unknown): void {
    const { id, logger } = this.#parts;
    logger.error(
      { call: id, code: 'OFFHOOK_CHART_FAULT', error: nameOf(cause) },
      'the call chart stopped working',
    );
    const error = new OffhookError('OFFHOOK_CHART_FAULT', undefined, { cause, call: id });
    this.#finish({ status: 'failed', endedBy: 'runtime', reason: 'fault', error });
    this.#actor?.stop();
  }

  #finish(end: CallEnd): void {
    if (this.#over) return;
    this.#over = true;
    const { answeredAt, answeredBy } = this.#progress;
    const outcome: Outcome = {
      ...end,
      duration: answeredAt === undefined ? 0 : Math.round(this.#parts.clock.now() - answeredAt),
      ...(this.#platformDuration === undefined ? {} : { platformDuration: this.#platformDuration }),
      ...(answeredBy === undefined ? {} : { answeredBy }),
    };
    const { leg } = this.#parts;
    if (leg.can.notices) leg.notify('metrics', writeMetrics(this.#progress, outcome.endedBy, []));
    this.#verbs.close();
    this.#trace?.end(outcome);
    this.#unplug();
    this.#parts.scope.close();
    const { events } = this.#setup;
    if (this.#wasAnnounced()) events.emit('call_end', this.handle, outcome);
    else events.emit('call_failed', this.handle, outcome.status, outcome);
    this.#setup.ended(this);
    this.#settle(outcome);
  }
}
