/**
 * @module Reads the body of an originate request by the server's rules (clawops.md 5.4).
 * Pure: what may be called, and why not; placing the call is `outbound.ts`.
 */
import { isObject, parseObject } from './envelope.ts';
import { normaliseNumber, refuseNumber } from './numbers.ts';
import type { OutboundInfo } from './types.ts';

/** Ring time in seconds when the request names none. */
const DEFAULT_TIMEOUT_S = 60;

export interface Refusal {
  readonly status: 400 | 403 | 404 | 409 | 410 | 413 | 422;
  readonly body: Readonly<Record<string, unknown>>;
}

export type OriginateRequest = Omit<OutboundInfo, 'id'>;

export const refuse = (status: Refusal['status'], error: string, code: string): Refusal => ({
  status,
  body: { error, code },
});

const invalid = (path: string, message: string, errorCode = 'invalid'): Refusal => ({
  status: 400,
  body: { error: message, code: 'VALIDATION', errors: [{ path, message, errorCode }] },
});

/** Decodes a piece of a path; what is not valid percent-encoding stands for itself. */
export function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Parses a JSON or form-encoded body; no text is an empty object, anything unreadable undefined. */
export function readBody(text: string, contentType: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  if (contentType.includes('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  return parseObject(text);
}

function refuseMode(body: Record<string, unknown>): Refusal | undefined {
  if ('AI' in body) return refuse(410, 'the AI mode was removed', 'ai_mode_removed');
  const modes = ['Url', 'AgentId', 'CallFlowId'].filter((name) => body[name] !== undefined);
  if (modes.length > 1)
    return invalid(modes.join(','), 'only one of Url, AgentId and CallFlowId may be given');
  if (body.Variables !== undefined && body.CallFlowId === undefined) {
    return invalid('Variables', 'Variables need a CallFlowId');
  }
  if (body.AgentId !== undefined) return refuse(404, 'no such agent', 'NOT_FOUND');
  if (body.CallFlowId !== undefined) return refuse(404, 'no such call flow', 'NOT_FOUND');
  if (body.Url !== undefined) return refuse(422, 'this exchange runs no VoiceML', 'VOICEML_NOT_SUPPORTED');
  return undefined;
}

/** Reads and checks an originate body; `owned` says whether the account has a number. */
export function readOriginate(
  body: Record<string, unknown>,
  owned: (number: string) => boolean,
): OriginateRequest | Refusal {
  const mode = refuseMode(body);
  if (mode) return mode;
  const { To, From } = body;
  if (typeof To !== 'string' || To === '') return invalid('To', 'To is required', 'required');
  if (typeof From !== 'string' || From === '') return invalid('From', 'From is required', 'required');
  const from = normaliseNumber(From);
  if (!owned(from)) return refuse(400, 'From is not a number of this account', 'FROM_NOT_OWNED');
  const to = normaliseNumber(To);
  const code = refuseNumber(to);
  if (code) return refuse(400, 'To is not a number that can be called', code);
  const timeout = body.Timeout === undefined ? DEFAULT_TIMEOUT_S : Number(body.Timeout);
  if (!Number.isInteger(timeout) || timeout < 1) return invalid('Timeout', 'Timeout must be whole seconds');
  const detection = body.MachineDetection;
  if (detection !== undefined && detection !== 'Enable' && detection !== 'Hangup') {
    return invalid('MachineDetection', 'MachineDetection must be Enable or Hangup');
  }
  return { from, to, ringTimeoutMs: timeout * 1000, machineDetection: detection };
}

export function isRefusal(value: OriginateRequest | Refusal): value is Refusal {
  return isObject(value) && 'status' in value;
}
