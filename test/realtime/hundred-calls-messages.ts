/** @module What the processes of the hundred calls tell each other. */

export interface HundredSetup {
  readonly exchangeUrl: string;
  readonly modelUrl: string;
  readonly directory: string;
  readonly seed: number;
  readonly count: number;
}

export type HundredReport =
  | { readonly type: 'listening'; readonly exchangeUrl: string; readonly modelUrl: string }
  | { readonly type: 'connected'; readonly twilioUrl: string }
  /** It is this outbound call's turn. */
  | { readonly type: 'due'; readonly index: number }
  | { readonly type: 'over'; readonly index: number; readonly status: string };

export type HundredOrder =
  | { readonly type: 'dial'; readonly twilioUrl: string }
  | { readonly type: 'place'; readonly index: number }
  | { readonly type: 'close' };

export const AUTH_TOKEN = 'f'.repeat(32);
export const PUBLIC_URL = 'https://voice.example.com';
