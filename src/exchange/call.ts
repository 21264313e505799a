/**
 * @module One call from its offer to `call.ended`: its media, its line, its transfers and its end.
 * The order of the end is the platform's: media `stop`, media close, then `call.ended` (clawops.md 3.6).
 */
import type { WebSocket } from 'ws';
import type { TimerHandle } from '../runtime/clock.ts';
import type { ControlLink } from './control.ts';
import type { CallEvent } from './events.ts';
import { createCallFaults, DEAD_PORT } from './faults.ts';
import { createLine } from './line.ts';
import { type MediaLink, openMediaLink } from './media.ts';
import { type Office, randomHex } from './office.ts';
import { goSilent, type CallerScript } from './steps.ts';
import { createTicket } from './ticket.ts';
import { createTransferDesk } from './transfer.ts';
import type { CallResult, CallStatus, ExchangeCall, FinalStatus } from './types.ts';
import { type CallState, createView } from './view.ts';

/** A call as the rest of the exchange sees it. */
export interface LiveCall {
  readonly public: ExchangeCall;
  readonly createdAt: number;
  /** To be read only; the verdict of machine detection is the one exception. */
  readonly state: CallState;
  /** `ended` has settled: nothing more comes of it. */
  readonly over: boolean;
  setStatus(status: CallStatus): void;
  note(type: 'offered' | 'ringing' | 'answered'): void;
  send(message: Record<string, unknown>): void;
  /** A URL for the call's media that works once, for 30 s; starts the wait for it. */
  issueMediaUrl(): string;
  /** Uses a token up. @returns false if it is wrong, used or expired */
  redeem(token: string): boolean;
  attach(socket: WebSocket): void;
  /** A control message about this call. @returns false if nobody knows its event */
  control(message: Record<string, unknown>): boolean;
  /** Arms the call's one timer for what comes next; the end of the call disarms it. */
  schedule(work: () => void, delay: number): void;
  end(status: FinalStatus, cause: string, by: CallResult['by']): void;
  /** Ends at once and tells nobody: the exchange closes. */
  abandon(): void;
}

/** What a call is made of. */
export interface CallSeed {
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly link: ControlLink;
  readonly status: CallStatus;
  readonly script?: CallerScript;
  /** Default: as the exchange. */
  readonly keepAudio?: boolean;
}

/** Acts on a control message about a call. @returns false if nobody knows its event */
function takeNotice(
  message: Record<string, unknown>,
  state: CallState,
  call: {
    readonly now: () => number;
    readonly emit: (event: CallEvent) => void;
    readonly end: LiveCall['end'];
    readonly transfer: (message: Record<string, unknown>) => void;
  },
): boolean {
  switch (message.event) {
    case 'call.accept':
      call.emit({ at: call.now(), type: 'accepted' });
      return true;
    case 'call.session_failed':
      state.failure = { reason: message.reason, message: message.message };
      call.emit({ at: call.now(), type: 'sessionFailed' });
      call.end('failed', 'app_error', 'agent');
      return true;
    case 'call.telemetry':
      state.telemetry = message.telemetry;
      return true;
    case 'call.metrics':
      state.metrics = message.metrics;
      return true;
    case 'call.transfer':
      call.transfer(message);
      return true;
    default:
      return false;
  }
}

/** Creates a call; nothing is sent yet. */
export function createCall(office: Office, seed: CallSeed): LiveCall {
  const { clock, wire, logger, counters } = office;
  const { account } = seed.link;
  const id = `CA${randomHex(office.random, 32)}`;
  const events: CallEvent[] = [];
  const { promise: ended, resolve: settle } = Promise.withResolvers<CallResult>();
  const state: CallState = {
    status: seed.status,
    result: undefined,
    answeredAt: undefined,
    endedAt: undefined,
    answeredBy: undefined,
    telemetry: undefined,
    metrics: undefined,
    failure: undefined,
  };
  let media: MediaLink | undefined;
  let leaveTicker: (() => void) | undefined;
  let handedOff = false;
  let over = false;
  let timer: TimerHandle | undefined;

  const emit = (event: CallEvent): void => {
    events.push(event);
    office.report('event', view, event);
  };
  /** Its own control connection while that lives, otherwise the one that serves the number now. */
  const link = (): ControlLink =>
    (seed.link.open ? undefined : office.find(seed.direction === 'inbound' ? seed.to : seed.from)) ??
    seed.link;
  const send = (message: Record<string, unknown>): void => link().send({ ...message, callId: id });

  const line = createLine({
    now: () => clock.now(),
    script: seed.script ?? [goSilent()],
    call: () => view,
    emit,
    keepAudio: seed.keepAudio ?? office.keepAudio,
    output: { frame: (frame) => media?.frame(frame), mark: (name) => media?.mark(name) },
    acts: {
      digit(digit) {
        emit({ at: clock.now(), type: 'digit', from: 'caller', digit });
        media?.digit(digit);
      },
      hangUp: () => end('completed', 'normal_clearing', 'caller'),
      loseNetwork(control) {
        media?.socket.terminate();
        if (control) link().socket.terminate();
      },
    },
  });
  const ticket = createTicket(clock, office.random, () => end('failed', 'call_stuck', 'platform'));
  const desk = createTransferDesk({
    callId: id,
    plan: office.planTransfer,
    possible: () => media !== undefined && !handedOff && !state.result,
    host: {
      clock,
      send(step, requestId, transfer) {
        emit({ at: clock.now(), type: 'transfer', state: step });
        send({ event: `call.transfer.${step}`, ...(requestId !== undefined && { requestId }), transfer });
      },
      leave(mode) {
        line.setAway(true);
        if (mode === 'return') return;
        handedOff = true;
        leaveTicker?.();
        media?.finish();
      },
      comeBack: () => line.setAway(false),
      over: (connected) => end('completed', connected ? 'normal_clearing' : 'no_answer', 'caller'),
    },
  });
  const view = createView({
    ids: { id, direction: seed.direction, from: seed.from, to: seed.to, account },
    state,
    line,
    events,
    ended,
    faults: createCallFaults(() => media),
    hangUp: () => end(state.answeredAt === undefined ? 'canceled' : 'completed', 'normal_clearing', 'caller'),
  });

  const conclude = (status: FinalStatus, cause: string, by: CallResult['by']): CallResult => {
    state.endedAt = clock.now();
    const talked = state.answeredAt === undefined ? 0 : state.endedAt - state.answeredAt;
    state.result = { status, duration: Math.round(talked / 1000), cause, by };
    state.status = status;
    ticket.revoke();
    clock.clearTimeout(timer);
    line.stop();
    leaveTicker?.();
    desk.cancel();
    return state.result;
  };
  const finish = (result: CallResult): void => {
    over = true;
    settle(result);
  };
  const deliverEnd = (result: CallResult): void => {
    send({ event: 'call.ended', status: result.status, duration: result.duration });
    emit({ at: clock.now(), type: 'ended', status: result.status, duration: result.duration });
    office.report('ended', view, result);
    wire.after(() => finish(result));
  };
  const end: LiveCall['end'] = (status, cause, by) => {
    if (state.result) return;
    const result = conclude(status, cause, by);
    if (media) media.finish();
    else deliverEnd(result);
  };
  const mediaClosed = (clean: boolean): void => {
    const { result } = state;
    media = undefined;
    leaveTicker?.();
    const by = result || handedOff ? 'exchange' : clean ? 'agent' : 'network';
    emit({ at: clock.now(), type: 'mediaClosed', by });
    if (result) deliverEnd(result);
    else if (by === 'agent') end('completed', 'normal_clearing', 'agent');
    else if (by === 'network') end('failed', 'network_out_of_order', 'platform');
  };
  const tick = (at: number): void => {
    try {
      line.tick(at);
    } catch (error) {
      // A script's own function threw: that ends its call and leaves the others their heartbeat.
      logger.error(
        { call: id, error: error instanceof Error ? error.name : 'unknown' },
        'a caller script threw',
      );
      end('failed', 'script_failed', 'platform');
    }
  };
  const attach = (socket: WebSocket): void => {
    state.answeredAt ??= clock.now();
    state.status = 'in-progress';
    const ids = { streamId: `MZ${randomHex(office.random, 32)}`, callId: id, accountId: account };
    const handlers = {
      audio: (bytes: Uint8Array): void => line.audio(bytes),
      mark: (name: string): void => line.mark(name),
      clear: (): void => line.clear(),
      digit: (digit: string): void => emit({ at: clock.now(), type: 'digit', from: 'agent', digit }),
      closed: mediaClosed,
    };
    media = openMediaLink({ socket, ids, wire, clock, logger, counters, handlers });
    emit({ at: clock.now(), type: 'mediaOpened' });
    leaveTicker = office.ticker.join(tick);
  };

  return {
    public: view,
    createdAt: clock.now(),
    state,
    get over() {
      return over;
    },
    send,
    attach,
    end,
    redeem: (token) => ticket.redeem(token),
    setStatus(next) {
      if (!state.result) state.status = next;
    },
    schedule(work, delay) {
      timer = clock.setTimeout(work, delay);
    },
    note: (type) => emit({ at: clock.now(), type }),
    issueMediaUrl() {
      const token = ticket.issue(office.faults.expiredTokens);
      const address = office.faults.deadMedia ? `127.0.0.1:${DEAD_PORT}` : link().host;
      return `ws://${address}/v1/agent/media/${id}?token=${token}`;
    },
    control: (message) =>
      takeNotice(message, state, {
        emit,
        end,
        now: () => clock.now(),
        transfer: (asked) => desk.request(asked),
      }),
    abandon() {
      finish(state.result ?? conclude('failed', 'exchange_closed', 'platform'));
    },
  };
}
