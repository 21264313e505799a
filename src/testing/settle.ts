/**
 * @module Knows when this process has nothing left to do at the present instant, sockets included.
 * Virtual time moves only then: every loopback byte written has been read, and the event loop has idled twice.
 */
import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { pendingWork } from '../runtime/work.ts';

interface Tracked {
  socket: Socket;
  side: 'client' | 'server';
  peer: Tracked | undefined;
  /** `local:remote` ports as this side sees them; known once connected. */
  key: string | undefined;
}

const open = new Set<Tracked>();
const unpaired = new Map<string, Tracked>();
let watching = false;

/** Starts to watch this process's sockets. Call it before the first of them is opened. */
export function watchSockets(): void {
  if (watching) return;
  watching = true;
  diagnostics.subscribe('net.client.socket', (message) =>
    track((message as { socket: Socket }).socket, 'client'),
  );
  diagnostics.subscribe('net.server.socket', (message) =>
    track((message as { socket: Socket }).socket, 'server'),
  );
}

function track(socket: Socket, side: Tracked['side']): void {
  const entry: Tracked = { socket, side, peer: undefined, key: undefined };
  open.add(entry);
  socket.once('close', () => {
    if (entry.key !== undefined && unpaired.get(entry.key) === entry) unpaired.delete(entry.key);
    if (!entry.peer || entry.peer.socket.closed) {
      open.delete(entry);
      if (entry.peer) open.delete(entry.peer);
    }
  });
  if (side === 'server') pair(entry);
  else socket.once('connect', () => pair(entry));
}

function pair(entry: Tracked): void {
  const { localPort, remotePort } = entry.socket;
  if (localPort === undefined || remotePort === undefined) return;
  const other = unpaired.get(`${remotePort}:${localPort}`);
  if (other && !other.peer) {
    entry.peer = other;
    other.peer = entry;
    unpaired.delete(other.key ?? '');
    return;
  }
  entry.key = `${localPort}:${remotePort}`;
  unpaired.set(entry.key, entry);
}

/** Sockets of this process that are open now, both ends of a loopback pair counted. */
export function openSockets(): number {
  let count = 0;
  for (const entry of open) if (!entry.socket.closed) count += 1;
  return count;
}

function restless(): string | undefined {
  if (pendingWork() > 0) return `${pendingWork()} piece(s) of tracked work`;
  for (const entry of open) {
    const { socket, peer } = entry;
    if (socket.connecting) return 'a connection being made';
    if (!peer) {
      if (socket.closed) open.delete(entry);
      else return `a socket without a peer in this process (${socket.remoteAddress}:${socket.remotePort})`;
      continue;
    }
    if (socket.closed && peer.socket.closed) continue;
    // A reader that was paused on purpose (a slow peer under test) owes nothing.
    if (peer.socket.isPaused() && !peer.socket.destroyed) continue;
    if (!peer.socket.destroyed && socket.bytesWritten !== peer.socket.bytesRead) return 'bytes on the wire';
    const ended = socket.destroyed || socket.writableFinished;
    if (ended && !peer.socket.readableEnded && !peer.socket.destroyed) return 'a close on the wire';
  }
  return undefined;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Resolves when nothing more can happen without time passing.
 * @throws Error after 10 s of wall time, naming what does not come to rest.
 */
export async function settle(): Promise<void> {
  let idle = 0;
  let started = 0;
  let turns = 0;
  while (idle < 2) {
    await turn();
    const reason = restless();
    if (reason === undefined) {
      idle += 1;
      continue;
    }
    idle = 0;
    turns += 1;
    if (turns % 256 === 0) {
      // The wall clock is read only as a fuse: it decides that we gave up, never what happened when.
      const now = performance.now();
      if (started === 0) started = now;
      else if (now - started > 10_000) throw new Error(`virtual time cannot settle: ${reason}`);
    }
  }
}
