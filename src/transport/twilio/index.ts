/**
 * @module Twilio Media Streams as a transport: a webhook that rings the agent, and the media stream it answers with.
 * Inbound only: placing calls, transfers and keys towards the network need Twilio's REST interface.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { trackWork } from '../../runtime/work.ts';
import type { Transport, TransportHost } from '../contract.ts';
import {
  createSocketDoor,
  createWebServer,
  type Fetch,
  refuseUpgrade,
  type Upgrade,
  type WebServer,
} from '../http/server.ts';
import { createCounters, type TwilioCounters } from './counters.ts';
import { Reception } from './reception.ts';
import { MAX_PAYLOAD, resolveSettings, TWILIO_CAPABILITIES, type TwilioOptions } from './settings.ts';
import { doubtOf } from './trust.ts';
import type { Entrance } from './webhook.ts';

export type { TwilioCounters } from './counters.ts';
export type { TwilioOptions } from './settings.ts';

export interface TwilioTransport extends Transport {
  /** What was survived so far; live. */
  readonly counters: Readonly<TwilioCounters>;
  /** The port that is listened on, once connected. */
  readonly port: number | undefined;
  /** Answers a webhook, for a server of your own (`port: false`). */
  fetch(request: Request): Promise<Response>;
  /** Takes over a media stream's handshake, for a server of your own: its `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What the process lends a transport. Tests bring their own. */
export interface TwilioEnvironment {
  /** A fresh token that nobody can guess. Default: 24 bytes from the system's source of secrets. */
  readonly createToken?: () => string;
}

/**
 * Serves Twilio numbers whose webhook points at `{publicUrl}/voice/incoming`.
 * - Listens on one port for webhooks and media streams, both checked against Twilio's signature.
 * - A token that works once ties each stream to its call.
 * - Inbound calls only.
 *
 * ```ts
 * const phone = twilio({ publicUrl: 'https://voice.example.com', port: 8080 });
 * const agent = createAgent({ transports: [phone], session });
 * ```
 * @throws OffhookError OFFHOOK_OPTION_MISSING, OFFHOOK_OPTION_INVALID or OFFHOOK_URL_INSECURE, at once.
 */
export function twilio(options: TwilioOptions = {}, environment: TwilioEnvironment = {}): TwilioTransport {
  const settings = resolveSettings(options);
  const counters = createCounters();
  const createToken = environment.createToken ?? (() => randomBytes(24).toString('base64url'));
  let reception: Reception | undefined;
  let server: WebServer | undefined;
  let connected: Promise<void> | undefined;

  const entrance: Entrance = {
    settings,
    publicUrl: () => settings.publicUrl ?? `http://${settings.host}:${server?.port ?? 0}`,
    reception: () => reception,
    refused(what, reason, address) {
      counters.refused += 1;
      // The usual cause is a `publicUrl` that is not what Twilio was told, and nothing else shows it.
      const fields = address === undefined ? {} : { code: 'OFFHOOK_SIGNATURE_INVALID', address };
      reception?.logger.warn({ ...fields, reason }, `twilio: ${what} was turned away`);
    },
    failed(error) {
      counters.faults += 1;
      const name = error instanceof Error ? error.name : typeof error;
      reception?.logger.error({ error: name }, 'twilio: a webhook could not be answered');
    },
  };
  let webhook: ReturnType<typeof loadWebhook> | undefined;
  const answer: Fetch = async (request, env) => {
    webhook ??= loadWebhook(entrance);
    return (await webhook).fetch(request, env);
  };
  const upgrade = createUpgrade(entrance);
  const open = async (host: TransportHost): Promise<void> => {
    const opened = new Reception({ host, settings, counters, createToken });
    if (settings.port !== false) {
      server = createWebServer({ fetch: answer, upgrade, failed: entrance.failed });
      await server.listen(settings.port, settings.host);
    }
    reception = opened;
  };

  return {
    name: 'twilio',
    can: TWILIO_CAPABILITIES,
    counters,
    get port() {
      return server?.port;
    },
    connect(host) {
      connected ??= open(host).catch((error: unknown) => {
        connected = undefined;
        throw error;
      });
      return connected;
    },
    fetch: async (request) => await answer(request, {}),
    upgrade,
    async close() {
      const busy = reception?.close() ?? false;
      reception = undefined;
      connected = undefined;
      await server?.close(!busy);
    },
  };
}

/** With the first request, as the server does. */
async function loadWebhook(entrance: Entrance) {
  const { createWebhook } = await trackWork(import('./webhook.ts'));
  return createWebhook(entrance);
}

function createUpgrade({ settings, publicUrl, reception, refused }: Entrance): Upgrade {
  const accept = createSocketDoor(MAX_PAYLOAD);
  return (request, socket, head) => {
    const target = request.url ?? '/';
    if (target.split('?', 1)[0] !== settings.mediaPath) return refuseUpgrade(socket, 404);
    const { 'x-twilio-signature': signature, host } = request.headers;
    const doubt = doubtOf(settings, {
      url: publicUrl().replace(/^http/, 'ws') + target,
      signature: typeof signature === 'string' ? signature : undefined,
      host,
    });
    if (doubt !== undefined) {
      refused('a media stream', doubt, publicUrl().replace(/^http/, 'ws') + settings.mediaPath);
      return refuseUpgrade(socket, 403);
    }
    const open = reception();
    if (!open) return refuseUpgrade(socket, 503);
    return accept(request, socket, head, (ws) => open.open(ws, socket));
  };
}
