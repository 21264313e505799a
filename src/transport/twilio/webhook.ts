/**
 * @module The webhook in which Twilio asks what to do with a call (carriers.md §3.1): checked against its signature,
 * answered with the address of the media stream and the call's token.
 */
import type { IncomingMessage } from 'node:http';
import { type Context, Hono } from 'hono';
import { readBody } from '../http/body.ts';
import { isSid } from './frame.ts';
import { type Reception, TOKEN } from './reception.ts';
import { MAX_BODY, type TwilioSettings } from './settings.ts';
import type { FormFields } from './signature.ts';
import { doubtOf } from './trust.ts';
import { writeReject, writeStream } from './twiml.ts';

type Env = { Bindings: { incoming?: IncomingMessage } };

/** What webhooks and media streams come in by. */
export interface Entrance {
  readonly settings: TwilioSettings;
  /** Undefined while no calls are taken. */
  readonly reception: () => Reception | undefined;
  /** The public address without a slash at its end. */
  readonly publicUrl: () => string;
  /** A request was turned away. @param address where it would have had to be signed for, without its query */
  readonly refused: (what: string, reason: string, address?: string) => void;
  /** Answering one failed, which nothing outside can bring about. */
  readonly failed: (error: unknown) => void;
}

/** Creates the application that answers webhooks. */
export function createWebhook(entrance: Entrance): Hono<Env> {
  const app = new Hono<Env>();
  app.on(['GET', 'POST'], entrance.settings.webhookPath, async (context) => {
    const body = await readBody(context.req.raw, MAX_BODY);
    if (body === 'too-large') {
      entrance.refused('a webhook', 'it is too large');
      return context.text('The body is too large.', 413, { connection: 'close' });
    }
    return body === 'broken' ? context.text('', 400) : answer(context, body.text, entrance);
  });
  app.onError((error, context) => {
    entrance.failed(error);
    return context.text('', 500);
  });
  return app;
}

async function answer(context: Context<Env>, body: string, entrance: Entrance): Promise<Response> {
  const target = targetOf(context);
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(context.req.header('content-type') ?? '');
  const fields = context.req.method === 'GET' ? {} : isForm ? fieldsOf(body) : undefined;
  const url = entrance.publicUrl() + target;
  const doubt = doubtOf(entrance.settings, {
    url,
    signature: context.req.header('x-twilio-signature'),
    host: context.req.header('host'),
    ...(fields ? { fields } : { body }),
  });
  if (doubt !== undefined) {
    entrance.refused('a webhook', doubt, url.split('?', 1)[0]);
    return context.text('The signature is not valid.', 403);
  }
  // Asked with GET, the fields are in the query, which the signature covers as part of the address.
  return decide(context, context.req.method === 'GET' ? fieldsOf(queryOf(target)) : (fields ?? {}), entrance);
}

async function decide(context: Context<Env>, fields: FormFields, entrance: Entrance): Promise<Response> {
  const callSid = valueOf(fields.CallSid);
  if (!isSid(callSid)) return context.text('There is no CallSid.', 400);
  const call = {
    callSid,
    from: valueOf(fields.From),
    to: valueOf(fields.To),
    ringing: valueOf(fields.CallStatus) === 'ringing',
  };
  const verdict = await entrance.reception()?.announce(call, context.req.raw.signal);
  const twiml =
    verdict && 'token' in verdict
      ? writeStream(streamUrl(entrance), { [TOKEN]: verdict.token })
      : writeReject(verdict?.reject ?? 'busy');
  return context.body(twiml, 200, { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' });
}

function streamUrl({ publicUrl, settings }: Entrance): string {
  return publicUrl().replace(/^http/, 'ws') + settings.mediaPath;
}

/** Path and query as they were received; what has been through a URL parser may differ in a byte. */
function targetOf(context: Context<Env>): string {
  return context.env?.incoming?.url ?? context.req.url.replace(/^\w+:\/\/[^/?#]*/, '');
}

function queryOf(target: string): string {
  const start = target.indexOf('?');
  return start < 0 ? '' : target.slice(start + 1);
}

function fieldsOf(form: string): FormFields {
  const entries = Map.groupBy(new URLSearchParams(form), ([name]) => name);
  return Object.fromEntries(Array.from(entries, ([name, pairs]) => [name, pairs.map(([, value]) => value)]));
}

function valueOf(value: string | readonly string[] | undefined): string {
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}
