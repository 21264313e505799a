/**
 * @module The REST side (clawops.md 5): calls and the list of numbers. Every answer is JSON, errors included;
 * bodies may be JSON or form-encoded, PascalCase in, camelCase out.
 */
import type { ServerResponse } from 'node:http';
import { type Context, Hono } from 'hono';
import type { LiveCall } from './call.ts';
import { normaliseNumber } from './numbers.ts';
import type { Office } from './office.ts';
import {
  decodePath,
  isRefusal,
  type OriginateRequest,
  readBody,
  readOriginate,
  refuse,
  type Refusal,
} from './originate.ts';
import { toResource } from './resource.ts';

/** Largest body taken: the product's own bodies stay far below. */
const MAX_BODY_BYTES = 1 << 20;
const PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

type Env = { Bindings: { outgoing?: ServerResponse }; Variables: { account: string } };

/** What the routes act on. */
export interface RestHost {
  readonly office: Office;
  calls(): readonly LiveCall[];
  /** Creates an outbound call, or undefined if no agent is connected for its number. */
  originate(request: OriginateRequest): LiveCall | undefined;
  /** Begins to ring; called when the 201 has left. */
  proceed(call: LiveCall, request: OriginateRequest): void;
}

const fail = (context: Context, refusal: Refusal): Response => context.json(refusal.body, refusal.status);
const notFound = (context: Context): Response => fail(context, refuse(404, 'no such resource', 'NOT_FOUND'));

/** All values of a query parameter: repeated, or joined by commas as one client does. */
function valuesOf(context: Context, name: string): string[] {
  return (context.req.queries(name) ?? [])
    .flatMap((value) => value.split(','))
    .filter((value) => value !== '');
}

function matches(call: LiveCall, context: Context): boolean {
  const { status, from, to } = call.public;
  const any = (name: string, ...fields: string[]): boolean => {
    const wanted = valuesOf(context, name).map((value) =>
      name === 'status' ? value : normaliseNumber(value),
    );
    return wanted.length === 0 || fields.some((field) => wanted.includes(field));
  };
  return any('status', status) && any('from', from) && any('to', to) && any('number', from, to);
}

function integerOf(text: string | undefined, fallback: number): number | undefined {
  if (text === undefined) return fallback;
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 ? value : undefined;
}

function listCalls(host: RestHost, context: Context<Env>): Response {
  const page = integerOf(context.req.query('page'), 0);
  const size = integerOf(context.req.query('pageSize'), PAGE_SIZE);
  if (page === undefined || size === undefined || size < 1) {
    return fail(context, refuse(400, 'page and pageSize must be whole numbers', 'VALIDATION'));
  }
  const pageSize = Math.min(size, MAX_PAGE_SIZE);
  const account = context.get('account');
  const found = host.calls().filter((call) => call.public.account === account && matches(call, context));
  const data = found
    .reverse()
    .slice(page * pageSize, (page + 1) * pageSize)
    .map((call) => toResource(call, host.office.clock));
  return context.json({ data, meta: { total: found.length, page, pageSize } });
}

type Body = { readonly fields: Record<string, unknown> } | { readonly refusal: Refusal };

async function bodyOf(context: Context): Promise<Body> {
  if (Number(context.req.header('content-length') ?? 0) > MAX_BODY_BYTES) {
    return { refusal: refuse(413, 'the body is too large', 'BODY_TOO_LARGE') };
  }
  const fields = readBody(await context.req.text(), context.req.header('content-type') ?? '');
  return fields ? { fields } : { refusal: refuse(400, 'the body is not an object', 'VALIDATION') };
}

/** Rings only after the answer has left; a client that went away before it gets a cancelled call. */
function proceedAfterAnswer(
  host: RestHost,
  context: Context<Env>,
  call: LiveCall,
  request: OriginateRequest,
): void {
  const { outgoing } = context.env ?? {};
  if (!outgoing) return host.proceed(call, request);
  outgoing.once('finish', () => host.proceed(call, request));
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) call.end('canceled', 'caller_canceled', 'agent');
  });
}

async function createCall(host: RestHost, context: Context<Env>): Promise<Response> {
  const { faults, numbers } = host.office;
  if (faults.refuseOriginate) {
    const { status, body } = faults.refuseOriginate;
    return context.json(body ?? { error: 'refused' }, status);
  }
  const body = await bodyOf(context);
  if ('refusal' in body) return fail(context, body.refusal);
  const request = readOriginate(body.fields, (number) => numbers.get(number) === context.get('account'));
  if (isRefusal(request)) return fail(context, request);
  const call = host.originate(request);
  if (!call) {
    return fail(context, refuse(409, 'no agent is connected for this number', 'AGENT_NOT_CONNECTED'));
  }
  proceedAfterAnswer(host, context, call, request);
  return context.json(toResource(call, host.office.clock), 201);
}

async function updateCall(context: Context, call: LiveCall): Promise<Response> {
  const body = await bodyOf(context);
  if ('refusal' in body) return fail(context, body.refusal);
  if (body.fields.Status !== 'completed') {
    return fail(context, refuse(400, 'Status can only be set to completed', 'VALIDATION'));
  }
  const answered = call.public.status === 'in-progress';
  call.end(answered ? 'completed' : 'canceled', answered ? 'normal_clearing' : 'caller_canceled', 'agent');
  return context.json({ callId: call.public.id, status: call.public.status });
}

/** The routes, to be served over any port or called with `app.request`. */
export function createRest(host: RestHost): Hono<Env> {
  const { office } = host;
  const app = new Hono<Env>();
  const find = (context: Context<Env>): LiveCall | undefined =>
    host
      .calls()
      .find(
        (call) =>
          call.public.id === context.req.param('id') && call.public.account === context.get('account'),
      );

  app.use('/v1/*', async (context, next) => {
    const key = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    const account = office.accounts.find((known) => known.key === key);
    if (!account) return context.json({ error: 'the key is not valid', code: 'UNAUTHORIZED' }, 401);
    const named = /^\/v1\/accounts\/([^/]+)/.exec(context.req.path)?.[1];
    if (named !== undefined && decodePath(named) !== account.id) {
      return fail(context, refuse(403, 'the key is not for this account', 'FORBIDDEN'));
    }
    context.set('account', account.id);
    return next();
  });
  app.post('/v1/accounts/:account/calls', (context) => createCall(host, context));
  app.get('/v1/accounts/:account/calls', (context) => listCalls(host, context));
  app.get('/v1/accounts/:account/calls/:id', (context) => {
    const call = find(context);
    return call ? context.json(toResource(call, office.clock)) : notFound(context);
  });
  app.post('/v1/accounts/:account/calls/:id', (context) => {
    const call = find(context);
    return call ? updateCall(context, call) : notFound(context);
  });
  app.get('/v1/accounts/:account/numbers', (context) =>
    context.json({
      data: [...office.numbers]
        .filter(([, account]) => account === context.get('account'))
        .map(([number]) => ({ number })),
    }),
  );
  app.notFound((context) => notFound(context));
  app.onError((error, context) => {
    office.logger.error({ error: error.name }, 'a REST request failed');
    return context.json({ error: 'internal error', code: 'INTERNAL' }, 500);
  });
  return app;
}
