/**
 * @module The two REST requests a call needs (clawops.md §5): place it, and end it before it has media.
 * One connection per request and no retry: a call placed twice is worse than one that was not placed.
 */
import http from 'node:http';
import https from 'node:https';
import type { ErrorCode } from '../../errors.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type ClawopsSettings, SDK_VERSION } from './settings.ts';
import { fieldsOf, parseFields } from '../scan.ts';

/** A platform that takes longer to queue a call than this will not tell us in time that it was answered. */
const ANSWER_LIMIT = 30_000;

/** More than any answer of these two requests; the rest is not read. */
const LONGEST_ANSWER = 256 * 1024;

export interface RestAnswer {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The body, if it is a JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export interface Rest {
  /** POSTs below the account. `done` is called once, unless the request is aborted by the function returned. */
  post(path: string, body: object, done: (answer: RestAnswer) => void): () => void;
}

/** Makes the REST side of a transport. */
export function createRest(settings: ClawopsSettings, clock: Clock): Rest {
  const { request } = settings.accountUrl.startsWith('https:') ? https : http;
  const post: Rest['post'] = (path, body, done) => {
    const text = Buffer.from(JSON.stringify(body));
    const call = request(`${settings.accountUrl}${path}`, {
      method: 'POST',
      // No pool: nothing is left open behind a transport that closes.
      agent: false,
      headers: {
        authorization: `Bearer ${settings.apiKey}`,
        'content-type': 'application/json',
        'content-length': text.length,
        accept: 'application/json',
        'user-agent': `offhook-node/${SDK_VERSION}`,
        connection: 'close',
      },
    });
    let over = false;
    const finish = (answer?: RestAnswer): void => {
      if (over) return;
      over = true;
      clock.clearTimeout(limit);
      call.destroy();
      if (answer) done(answer);
    };
    const limit = clock.setTimeout(() => finish({ status: 0, body: undefined }), ANSWER_LIMIT);
    call.on('error', () => finish({ status: 0, body: undefined }));
    call.on('response', (response) => {
      collect(response, (answer) => finish({ status: response.statusCode ?? 0, body: parseFields(answer) }));
    });
    call.end(text);
    return () => finish();
  };
  return { post };
}

/** Reads a body up to the limit; one that is longer or breaks off is no body. */
function collect(response: http.IncomingMessage, done: (text: string) => void): void {
  const parts: Buffer[] = [];
  let size = 0;
  response.on('data', (part: Buffer) => {
    size += part.length;
    if (size > LONGEST_ANSWER) done('');
    else parts.push(part);
  });
  response.on('end', () => done(Buffer.concat(parts).toString()));
  response.on('error', () => done(''));
}

/** The call id of a 201; undefined if there is none. */
export function readCallId(answer: RestAnswer): string | undefined {
  const id = answer.body?.callId;
  return answer.status === 201 && typeof id === 'string' && id !== '' ? id : undefined;
}

/** Which of our codes a refused originate is. */
export function refusalCode(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'OFFHOOK_AUTH_REFUSED';
  // No agent connection for the calling number, or a repeated request: never "try again" (clawops.md §9, 75).
  if (status === 409) return 'OFFHOOK_NUMBER_NOT_SERVED';
  return 'OFFHOOK_DIAL_REFUSED';
}

/** The platform's machine-readable code, safe to log: letters and underscores only. */
export function platformCode(answer: RestAnswer): string | undefined {
  const code = fieldsOf(answer.body)?.code;
  return typeof code === 'string' && /^[A-Za-z_]{1,64}$/.test(code) ? code : undefined;
}
