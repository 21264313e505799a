/**
 * @module What other programs on this machine may ask of the exchange: to ring a number as a caller, and to be told
 * what happens. Not part of the platform's own interface, and closed to other machines and to web pages.
 */
import type { IncomingMessage } from 'node:http';
import { type Context, Hono } from 'hono';
import { OffhookError } from '../errors.ts';
import { type CallEvent } from './events.ts';
import { isObject, parseObject } from './envelope.ts';
import { type CallerStep, hangUp, press, say, wait, waitForAgent } from './steps.ts';
import type { CallResult, Exchange, ExchangeCall } from './types.ts';

/** One step of a dialled caller: exactly one of these fields. Audio is base64 mu-law at 8 kHz, times are ms. */
export type LocalStep =
  | { readonly say: string; readonly name?: string }
  | { readonly wait: number }
  | { readonly waitForAgent: { readonly quietMs?: number; readonly timeoutMs?: number } }
  | { readonly press: string }
  | { readonly hangUp: true };

/** The body of `POST /local/dial`. At the end of its steps the caller hangs up. */
export interface LocalDial {
  readonly to: string;
  readonly from?: string;
  readonly steps: readonly LocalStep[];
  /** Send what the caller heard with the last line. Default false. */
  readonly heard?: boolean;
}

/** One line of the answer, which is newline-delimited JSON. */
export type LocalLine =
  | { readonly type: 'call'; readonly id: string; readonly from: string; readonly to: string }
  | { readonly type: 'event'; readonly event: CallEvent }
  | { readonly type: 'ended'; readonly result: CallResult; readonly heard?: string };

/** Ten minutes of speech in base64; more is no caller. */
const MAX_BODY_BYTES = 8 << 20;

type Env = { Bindings: { incoming?: IncomingMessage } };

/** The routes, to be mounted under `/local`. */
export function createLocalApi(exchange: Exchange): Hono<Env> {
  const api = new Hono<Env>();
  api.use('*', async (context, next) => {
    const refusal = refuseStranger(context);
    return refusal ? context.json({ error: refusal, code: 'FORBIDDEN' }, 403) : next();
  });
  api.post('/dial', async (context) => {
    const body = await context.req.text();
    const asked = body.length > MAX_BODY_BYTES ? undefined : readDial(parseObject(body));
    if (!asked) return context.json({ error: 'the body is not a dial request', code: 'VALIDATION' }, 400);
    return dial(exchange, asked, context);
  });
  return api;
}

/** A web page may reach this port by a form or a rebound name; neither can send JSON without asking first. */
function refuseStranger(context: Context<Env>): string | undefined {
  const address = context.env?.incoming?.socket.remoteAddress ?? '';
  if (!/^(?:::ffff:)?127\.|^::1$/.test(address)) return 'only for programs on this machine';
  if (context.req.header('origin') !== undefined) return 'not for web pages';
  const type = context.req.header('content-type') ?? '';
  return type.startsWith('application/json') ? undefined : 'the body must be application/json';
}

function dial(exchange: Exchange, asked: LocalDial, context: Context<Env>): Response {
  const lines = new TransformStream<string, string>(undefined, { highWaterMark: Infinity });
  const writer = lines.writable.getWriter();
  const write = (line: LocalLine): void => {
    // A reader that has gone ends the call below.
    writer.write(`${JSON.stringify(line)}\n`).catch(() => {});
  };
  let call: ExchangeCall | undefined;
  const early: CallEvent[] = [];
  const stop = exchange.on('event', (of, event) => {
    if (!call) early.push(event);
    else if (of === call) write({ type: 'event', event });
  });
  try {
    call = exchange.dial(asked.to, asked.steps.map(toStep), {
      keepAudio: asked.heard === true,
      ...(asked.from !== undefined && { from: asked.from }),
    });
  } catch (error) {
    stop();
    if (!(error instanceof OffhookError)) throw error;
    return context.json({ error: error.message, code: error.code }, 404);
  }
  const live = call;
  write({ type: 'call', id: live.id, from: live.from, to: live.to });
  for (const event of early) write({ type: 'event', event });
  writer.closed.catch(() => live.hangUp());
  void live.ended.then((result) => {
    stop();
    const heard = asked.heard ? { heard: Buffer.from(live.heard).toString('base64') } : {};
    write({ type: 'ended', result, ...heard });
    return writer.close().catch(() => {});
  });
  return new Response(lines.readable.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
  });
}

function toStep(step: LocalStep): CallerStep {
  if ('say' in step) return say({ name: step.name ?? 'say', audio: Buffer.from(step.say, 'base64') });
  if ('wait' in step) return wait(step.wait);
  if ('press' in step) return press(step.press);
  if ('waitForAgent' in step) return waitForAgent(step.waitForAgent);
  return hangUp();
}

function readDial(body: Record<string, unknown> | undefined): LocalDial | undefined {
  if (!body || typeof body.to !== 'string' || !Array.isArray(body.steps)) return undefined;
  const from = body.from === undefined || typeof body.from === 'string';
  if (!from || !body.steps.every(isStep)) return undefined;
  return {
    to: body.to,
    steps: body.steps,
    heard: body.heard === true,
    ...(typeof body.from === 'string' && { from: body.from }),
  };
}

function isStep(step: unknown): step is LocalStep {
  if (!isObject(step)) return false;
  if (typeof step.say === 'string') return step.name === undefined || typeof step.name === 'string';
  if (typeof step.press === 'string') return /^[0-9*#]+$/.test(step.press);
  if (isObject(step.waitForAgent)) {
    const { quietMs, timeoutMs } = step.waitForAgent;
    return [quietMs, timeoutMs].every((ms) => ms === undefined || (typeof ms === 'number' && ms >= 0));
  }
  return step.hangUp === true || (typeof step.wait === 'number' && step.wait >= 0);
}
