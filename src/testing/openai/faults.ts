/**
 * @module What can go wrong at a model's side, on demand. A fault belongs to one reply of a script, or is ordered
 * for the next response by a test that holds the session.
 */

interface Times {
  /** How many responses it spoils before the same reply comes out well. Default 1. */
  readonly times?: number;
}

/** `afterMs` is always ms of audio of that response, as generated; 0 is just before its first. */
export type ResponseFault = Times &
  (
    | { readonly kind: 'deaf' } // the request is not even acknowledged
    | { readonly kind: 'silent' } // created, and then nothing ever, until it is cancelled
    | { readonly kind: 'nothing' } // done as `completed`, without any output
    | { readonly kind: 'refused'; readonly code?: string; readonly tied?: boolean } // an error instead of a response
    | { readonly kind: 'failed'; readonly afterMs?: number; readonly code?: string } // done as `failed`
    | {
        readonly kind: 'incomplete';
        readonly afterMs: number;
        readonly reason?: 'max_output_tokens' | 'content_filter';
      }
    | { readonly kind: 'error'; readonly afterMs: number; readonly code?: string; readonly tied?: boolean } // and goes on
    | { readonly kind: 'close'; readonly afterMs: number; readonly code: number; readonly reason?: string }
    | { readonly kind: 'destroy'; readonly afterMs: number } // the socket goes without a close frame
    | { readonly kind: 'late'; readonly deltas: number } // audio of the response after its `response.done`
    | { readonly kind: 'malformed' | 'binary' | 'unknown'; readonly afterMs: number } // one such frame, and goes on
  );

/** How a connection is refused, instead of being served. */
export type Refusal =
  /** An HTTP status in place of the upgrade: 401, 403, 429, 503. */
  | { readonly status: number; readonly code?: string }
  /** Accepted, one error event, then this close code (the service closes 3000 and 4000 like this). */
  | { readonly close: number; readonly reason?: string; readonly code?: string }
  /** Accepted, and never a `session.created`. */
  | { readonly mute: true };

/** A frame that claims to be JSON. */
export const MALFORMED_FRAME = Buffer.from('{"type":"response.output_audio.delta","delta":"AAAA', 'utf8');
/** A binary frame that is nothing at all. */
export const BINARY_FRAME = Buffer.from([0x00, 0xff, 0x13, 0x37, 0x80, 0xfe]);
