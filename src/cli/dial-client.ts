/**
 * @module The other end of the exchange's `POST /local/dial`: sends the request and reads the call's lines as they
 * come.
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { OffhookError } from '../errors.ts';
import type { CallEvent, CallResult } from '../exchange/index.ts';
import type { LocalDial, LocalLine } from '../exchange/local-api.ts';

export interface DialListener {
  call(call: { readonly id: string; readonly from: string; readonly to: string }): void;
  event(event: CallEvent): void;
}

export interface DialledCall {
  readonly result: CallResult;
  /** Mu-law of what the caller heard, if it was asked for and the exchange keeps audio. */
  readonly heard: Uint8Array | undefined;
}

/**
 * Rings a number and resolves when the call is over.
 * @param url the exchange's base URL
 * @throws OffhookError OFFHOOK_NUMBER_NOT_SERVED, OFFHOOK_OPTION_INVALID for a URL without an exchange behind it,
 * OFFHOOK_DIAL_REFUSED for any other refusal
 */
export async function dialExchange(
  url: string,
  dial: LocalDial,
  listener: DialListener,
): Promise<DialledCall> {
  const response = await post(url, JSON.stringify(dial));
  if (response.statusCode !== 200) throw refusalOf(dial.to, response.statusCode ?? 0, await textOf(response));
  let over: Extract<LocalLine, { type: 'ended' }> | undefined;
  for await (const line of linesOf(response)) {
    // Written by the exchange of the same version; a line of another would be of another type.
    const told: LocalLine = JSON.parse(line);
    if (told.type === 'call') listener.call(told);
    else if (told.type === 'event') listener.event(told.event);
    else if (told.type === 'ended') over = told;
  }
  if (!over) {
    throw new OffhookError('OFFHOOK_MEDIA_FAILED', 'The exchange went away in the middle of the call.', {
      hint: 'Look at what `offhook exchange` printed.',
    });
  }
  const heard = over.heard === undefined ? undefined : Buffer.from(over.heard, 'base64');
  return { result: over.result, heard };
}

function post(url: string, body: string): Promise<IncomingMessage> {
  const address = URL.parse('/local/dial', url);
  if (address?.protocol !== 'http:') throw notThere(url);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    // No agent: a kept connection would keep the program.
    const request = httpRequest(address, { method: 'POST', agent: false, headers }, resolve);
    request.on('error', (cause) => reject(notThere(url, cause)));
    request.end(body);
  });
}

function notThere(url: string, cause?: unknown): OffhookError {
  return new OffhookError('OFFHOOK_OPTION_INVALID', `No exchange answers at ${url}.`, {
    expected: 'The URL that `offhook exchange` prints, on this machine.',
    hint: 'Start `npx offhook exchange` first, or pass its address with --url.',
    cause,
  });
}

function refusalOf(to: string, status: number, body: string): OffhookError {
  const { code, error } = readRefusal(body);
  if (code === 'OFFHOOK_NUMBER_NOT_SERVED') {
    return new OffhookError('OFFHOOK_NUMBER_NOT_SERVED', `Nobody serves ${to}.`);
  }
  return new OffhookError('OFFHOOK_DIAL_REFUSED', `The exchange refused to ring (${status}): ${error}.`, {
    hint: 'Check that the address is that of `offhook exchange` and that both are of one version.',
  });
}

function readRefusal(body: string): { code: unknown; error: string } {
  try {
    const { code, error }: { code?: unknown; error?: unknown } = JSON.parse(body);
    return { code, error: typeof error === 'string' ? error : 'no reason given' };
  } catch {
    return { code: undefined, error: 'no reason given' };
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return text;
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const part of response.setEncoding('utf8')) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
