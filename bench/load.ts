/**
 * @module The load: N callers on Twilio's wire and the model they talk to, in one process, so that both ends of what
 * is measured share a clock. Callers talk over the agent once a cycle; the model hears it by the bytes it gets.
 */
import { WebSocket, WebSocketServer } from 'ws';

const FRAME_MS = 20;
/** One cycle: the caller speaks, listens, and speaks again over the answer. */
const CYCLE = { speakMs: 1_200, listenMs: 4_800 };
const ANSWER_MS = 9_000;
const DELTA_MS = 200;
/** Audio is generated four times as fast as it is spoken. */
const SPEEDUP = 4;

const SILENT = Buffer.alloc(160, 0xff).toString('base64');
const ANSWER = Buffer.alloc(DELTA_MS * 8, 0x2a).toString('base64');

interface Caller {
  id: number;
  socket: WebSocket;
  frames: number;
  offset: number;
  received: number;
  receivedBytes: number;
  /** When the model told the agent that this caller speaks; 0 while no clear is waited for. */
  startedAt: number;
  clearedAt: number;
  stale: number;
  marks: string[];
}

interface Line {
  socket: WebSocket;
  caller: number;
  voiced: boolean;
  run: number;
  response: number;
  sentMs: number;
  beganAt: number;
}

const now = (): number => performance.now();
const callers = new Map<number, Caller>();
const lines = new Set<Line>();
const voices = new Map<number, string>();
const reactions: number[] = [];
let stale = 0;
let lost = 0;
let responses = 0;

/** The model learns which caller it hears from the first bytes of the first voiced frame. */
function voiceOf(id: number): string {
  let voice = voices.get(id);
  if (voice === undefined) {
    const bytes = Buffer.alloc(160, 0x35);
    bytes.writeUInt32BE(0x40404040 + id, 0);
    voices.set(id, (voice = bytes.toString('base64')));
  }
  return voice;
}

function openModel(): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => {
    const line: Line = {
      socket,
      caller: -1,
      voiced: false,
      run: 0,
      response: 0,
      sentMs: 0,
      beganAt: 0,
    };
    lines.add(line);
    socket.on('close', () => lines.delete(line));
    const send = (event: object): void => socket.send(JSON.stringify(event));
    send({ type: 'session.created', event_id: 'e0', session: { id: 's', type: 'realtime' } });
    socket.on('message', (data: Buffer) => {
      // {"type":"input_audio_buffer.append","audio":"…
      if (data.length > 150 && data.includes('input_audio_buffer.append')) return hear(line, data, send);
      const event = JSON.parse(data.toString()) as {
        type: string;
        session?: object;
        response?: { metadata?: object };
      };
      if (event.type === 'session.update')
        send({ type: 'session.updated', event_id: 'e1', session: event.session });
      if (event.type === 'response.create') begin(line, send, event.response?.metadata);
      if (event.type === 'response.cancel') end(line, send, 'cancelled');
      return undefined;
    });
  });
  return new Promise((resolve) => {
    server.on('listening', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

function hear(line: Line, data: Buffer, send: (event: object) => void): void {
  const at = data.indexOf('"audio":"') + 9;
  const voiced = data[at] !== 0x2f; // '/': silence is 0xff, '/' in base64
  if (voiced && line.caller < 0) {
    line.caller = Buffer.from(data.toString('latin1', at, at + 8), 'base64').readUInt32BE(0) - 0x40404040;
  }
  line.run = voiced === line.voiced ? 0 : line.run + FRAME_MS;
  if (!line.voiced && line.run >= 60) {
    line.voiced = true;
    line.run = 0;
    const caller = callers.get(line.caller);
    if (caller && line.sentMs > 0 && now() - line.beganAt < ANSWER_MS) caller.startedAt = now();
    send({ type: 'input_audio_buffer.speech_started', event_id: 'e', audio_start_ms: 0, item_id: 'u' });
    end(line, send, 'cancelled');
  } else if (line.voiced && line.run >= 200) {
    line.voiced = false;
    line.run = 0;
    send({ type: 'input_audio_buffer.speech_stopped', event_id: 'e', audio_end_ms: 0, item_id: 'u' });
    send({ type: 'input_audio_buffer.committed', event_id: 'e', item_id: `u${(responses += 1)}` });
    begin(line, send);
  }
}

function begin(line: Line, send: (event: object) => void, metadata?: object): void {
  if (line.response > 0) return;
  line.response = responses += 1;
  line.sentMs = 0;
  line.beganAt = now();
  const response = {
    id: `r${line.response}`,
    status: 'in_progress',
    output: [],
    ...(metadata ? { metadata } : {}),
  };
  send({ type: 'response.created', event_id: 'e', response });
}

function end(line: Line, send: (event: object) => void, status: string): void {
  if (line.response === 0) return;
  const details =
    status === 'cancelled' ? { status_details: { type: 'cancelled', reason: 'turn_detected' } } : {};
  send({
    type: 'response.done',
    event_id: 'e',
    response: { id: `r${line.response}`, status, output: [], ...details },
  });
  line.response = 0;
}

function generate(line: Line): void {
  if (line.response === 0 || line.socket.readyState !== WebSocket.OPEN) return;
  const due = Math.min(ANSWER_MS, (now() - line.beganAt) * SPEEDUP);
  const send = (event: object): void => line.socket.send(JSON.stringify(event));
  while (line.sentMs + DELTA_MS <= due) {
    line.sentMs += DELTA_MS;
    line.socket.send(
      `{"type":"response.output_audio.delta","event_id":"e","response_id":"r${line.response}","item_id":"i${line.response}","output_index":0,"content_index":0,"delta":"${ANSWER}"}`,
    );
  }
  if (line.sentMs >= ANSWER_MS) end(line, send, 'completed');
}

function openCaller(id: number, url: string): void {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const caller: Caller = {
    id,
    socket,
    frames: 0,
    offset: (id * 137) % (CYCLE.speakMs + CYCLE.listenMs),
    received: 0,
    receivedBytes: 0,
    startedAt: 0,
    clearedAt: 0,
    stale: 0,
    marks: [],
  };
  callers.set(id, caller);
  const sid = `MZ${String(id).padStart(32, '0')}`;
  socket.on('open', () => {
    socket.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
    socket.send(
      JSON.stringify({
        event: 'start',
        sequenceNumber: '1',
        streamSid: sid,
        start: {
          streamSid: sid,
          accountSid: 'ACbench',
          callSid: `CA${String(id).padStart(32, '0')}`,
          tracks: ['inbound'],
          customParameters: {},
          mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        },
      }),
    );
  });
  socket.on('message', (data: Buffer) => receive(caller, sid, data));
  socket.on('close', () => {
    if (!stopping) lost += 1;
  });
  socket.on('error', () => undefined);
}

function receive(caller: Caller, sid: string, data: Buffer): void {
  if (data.includes('"event":"media"')) {
    caller.received += 1;
    if (caller.clearedAt > 0 && now() - caller.clearedAt < 150) stale += 1;
    return;
  }
  if (data.includes('"event":"clear"')) {
    if (caller.startedAt > 0) {
      reactions.push(now() - caller.startedAt);
      caller.clearedAt = now();
    }
    caller.startedAt = 0;
    for (const name of caller.marks.splice(0)) echo(caller, sid, name);
    return;
  }
  const message = JSON.parse(data.toString()) as { event: string; mark?: { name: string } };
  if (message.event === 'mark' && message.mark) caller.marks.push(message.mark.name);
}

function echo(caller: Caller, sid: string, name: string): void {
  caller.socket.send(JSON.stringify({ event: 'mark', streamSid: sid, mark: { name } }));
}

function tick(caller: Caller): void {
  if (caller.socket.readyState !== WebSocket.OPEN) return;
  const at = caller.frames * FRAME_MS;
  const phase = (at + caller.offset) % (CYCLE.speakMs + CYCLE.listenMs);
  const payload = phase < CYCLE.speakMs ? voiceOf(caller.id) : SILENT;
  caller.frames += 1;
  caller.socket.send(
    `{"event":"media","sequenceNumber":"${caller.frames + 1}","streamSid":"MZ${String(caller.id).padStart(32, '0')}","media":{"track":"inbound","chunk":"${caller.frames}","timestamp":"${at}","payload":"${payload}"}}`,
  );
  // The carrier echoes what has been played: five times real time would be a lie, one mark in 200 ms is not.
  if (caller.frames % 10 === 0) {
    const name = caller.marks.shift();
    if (name) echo(caller, `MZ${String(caller.id).padStart(32, '0')}`, name);
  }
}

let stopping = false;
let since = process.cpuUsage();
let resetAt = now();
/** Share of its core the load needed: near 1 it is the load that was measured. */
const busyShare = (): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000 / (now() - resetAt);
};
const modelPort = await openModel();
process.send?.({ model: `http://127.0.0.1:${modelPort}/v1` });
process.on(
  'message',
  (message: {
    call?: string;
    from?: number;
    to?: number;
    stop?: boolean;
    read?: boolean;
    reset?: boolean;
  }) => {
    if (message.call)
      for (let id = message.from ?? 0; id < (message.to ?? 0); id += 1) openCaller(id, message.call);
    if (message.reset) {
      since = process.cpuUsage();
      resetAt = now();
      reactions.length = 0;
      stale = 0;
    }
    if (message.read) {
      const open = [...callers.values()].filter(({ socket }) => socket.readyState === WebSocket.OPEN).length;
      process.send?.({
        open,
        lost,
        reactions: [...reactions],
        stale,
        busy: busyShare(),
        received: [...callers.values()].reduce((sum, c) => sum + c.received, 0),
      });
    }
    if (message.stop) {
      stopping = true;
      for (const { socket } of callers.values()) socket.close();
      setTimeout(() => process.exit(0), 300);
    }
  },
);

// One schedule for all, kept absolute, each caller on its own 20 ms offset by position.
const began = now();
let ticks = 0;
setInterval(() => {
  const due = Math.floor((now() - began) / (FRAME_MS / 4));
  for (; ticks < due; ticks += 1) {
    for (const caller of callers.values()) if (caller.id % 4 === ticks % 4) tick(caller);
  }
  for (const line of lines) generate(line);
}, 5);
