/**
 * @module Asks a server what to do with a call, as Twilio does: a signed form, one connection, 15 s.
 */
import http from 'node:http';
import type { Clock } from '../../runtime/clock.ts';

/** Twilio's read timeout for a webhook (carriers.md §3.1). */
const ANSWER_LIMIT = 15_000;

export interface WebhookAnswer {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Posts a form. `done` is called once, unless the request is aborted by the function returned.
 * @param headers the signature among them
 */
export function askWebhook(
  clock: Clock,
  url: string,
  form: string,
  headers: Readonly<Record<string, string>>,
  done: (answer: WebhookAnswer) => void,
): () => void {
  let over = false;
  const finish = (answer: WebhookAnswer): void => {
    clock.clearTimeout(timer);
    if (!over) done(answer);
    over = true;
  };
  const none = (): void => finish({ status: 0, type: '', body: '' });
  const timer = clock.setTimeout(() => request.destroy(), ANSWER_LIMIT);
  const request = http.request(
    url,
    {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8', ...headers },
    },
    (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        finish({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: Buffer.concat(parts).toString('utf8'),
        }),
      );
    },
  );
  request.on('error', none);
  request.on('close', none);
  request.end(form);
  return () => {
    over = true;
    clock.clearTimeout(timer);
    request.destroy();
  };
}
