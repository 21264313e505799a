/**
 * @module A caller on Twilio's wire: a frame every 20 ms, speech for a fifth of the time, always over the answer. It
 * plays what it is sent in real time, echoes marks when it has played so far, and all of them when it is cleared.
 */
import { ageAt, KIND, kindAt, ownerAt, read24, serialAt, STAMP_LENGTH, writeStamp } from './stamp.ts';
import { tally } from './tally.ts';
import { dial, Wire } from './wire.ts';

export const FRAME_MS = 20;
/** One cycle of a conversation, in frames: 1.2 s of speech in 5 s, which leaves the agent about 3 s to be cut off. */
export const CYCLE = 250;
const SPEECH = 60;
/** Audio that is still to be played when the caller speaks up: with less there may rightly be no clear. */
const STILL_PLAYING = 60;
/** A caller who is not heard for so long was not answered. */
const PATIENCE = 2_000;

const FRAME_BYTES = 160;
const rest = (value: number): string =>
  Buffer.alloc(FRAME_BYTES, value).toString('base64').slice(STAMP_LENGTH);
const VOICE = rest(0x35);
const SILENCE = rest(0xff);
const ROOM = 'A'.repeat(STAMP_LENGTH);

const EVENT = Buffer.from('"event":"');
const PAYLOAD = Buffer.from('"payload":"');
const NAME = Buffer.from('"name":"');
const QUOTE = 0x22;
/** The event is known by its second letter: media, mark, clear. */
const SECOND = { media: 0x65, mark: 0x61, clear: 0x6c } as const;

const now = (): number => performance.now();

export class Caller {
  readonly id: number;
  readonly #streamSid: string;
  #wire: Wire | undefined;
  /** Frames sent. */
  #frames = 0;
  readonly #offset: number;
  /** When all audio so far will have been played. */
  #playEnd = 0;
  #marks: { readonly name: string; readonly at: number }[] = [];
  /** The response heard last, the place of its last chunk, and how many it had if it was sent whole. */
  #response = 0;
  #serial = -1;
  #whole = { response: -1, chunks: 0 };
  /** While a clear is waited for: since when, and for which response. */
  #spokeAt = 0;
  #speaksOver = 0;
  /** Nothing up to this response may be heard any more. */
  #cut = 0;
  /** `process.hrtime` of the first audio, which the runner's clock can be compared with. */
  firstAudio: bigint | undefined;
  hungUp = false;

  constructor(id: number) {
    this.id = id;
    this.#streamSid = `MZ${String(id).padStart(32, '0')}`;
    // The first caller lets the agent speak first, so that its greeting is what a cold start is measured by.
    this.#offset = (SPEECH + id * 37) % CYCLE;
  }

  get isOpen(): boolean {
    return this.#wire?.isOpen ?? false;
  }

  dial(url: string): void {
    const lost = (): void => {
      if (!this.hungUp) tally.dropped += 1;
    };
    dial(
      url,
      (socket) => {
        const text = (data: Buffer, start: number): void => this.#receive(data, start);
        this.#wire = new Wire(socket, true, { text, closed: lost });
        this.#start(this.#wire);
      },
      lost,
    );
  }

  hangUp(): void {
    this.hungUp = true;
    this.#wire?.send(
      `{"event":"stop","sequenceNumber":"${this.#frames + 2}","streamSid":"${this.#streamSid}","stop":{"accountSid":"ACbench","callSid":"CA${this.id}"}}`,
    );
    this.#wire?.close();
  }

  #start(wire: Wire): void {
    const streamSid = this.#streamSid;
    wire.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
    const start = {
      accountSid: 'AC00000000000000000000000000000000',
      streamSid,
      callSid: `CA${streamSid.slice(2)}`,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: {},
    };
    wire.send(JSON.stringify({ event: 'start', sequenceNumber: '1', start, streamSid }));
  }

  /** Every 20 ms: the next frame, and the marks that have been played up to. */
  tick(): void {
    const wire = this.#wire;
    if (!wire?.isOpen) return;
    const serial = this.#frames;
    this.#frames += 1;
    const speaks = (serial + this.#offset) % CYCLE < SPEECH;
    const head = `{"event":"media","sequenceNumber":"${serial + 2}","media":{"track":"inbound","chunk":"${serial + 1}","timestamp":"${serial * FRAME_MS}","payload":"`;
    wire.send(`${head}${ROOM}${speaks ? VOICE : SILENCE}"},"streamSid":"${this.#streamSid}"}`, (frame, at) =>
      writeStamp(frame, at + head.length, speaks ? KIND.voice : KIND.silence, this.id, serial),
    );
    const time = now();
    while (this.#marks.length > 0 && this.#marks[0]!.at <= time) this.#echo(this.#marks.shift()!.name);
    if (this.#spokeAt > 0 && time - this.#spokeAt > PATIENCE) {
      tally.unanswered += 1;
      this.#spokeAt = 0;
    }
  }

  /** The model tells the agent that this caller speaks. Called as it is sent. */
  spoke(response: number): void {
    const time = now();
    if (this.#playEnd < time + STILL_PLAYING) return;
    this.#spokeAt = time;
    this.#speaksOver = response;
  }

  /** The model has sent the whole of a response. */
  answered(response: number, chunks: number): void {
    this.#whole = { response, chunks };
  }

  #receive(data: Buffer, start: number): void {
    const at = data.indexOf(EVENT, start) + EVENT.length;
    const kind = data[at + 1];
    if (kind === SECOND.media) this.#hear(data, data.indexOf(PAYLOAD, start) + PAYLOAD.length);
    else if (kind === SECOND.mark) {
      const name = data.indexOf(NAME, start) + NAME.length;
      const mark = data.toString('latin1', name, data.indexOf(QUOTE, name));
      if (this.#playEnd <= now()) this.#echo(mark);
      else this.#marks.push({ name: mark, at: this.#playEnd });
    } else if (kind === SECOND.clear) this.#clear();
  }

  #clear(): void {
    const time = now();
    if (this.#spokeAt > 0) {
      tally.bargeIns.record(time - this.#spokeAt);
      this.#cut = this.#speaksOver;
    }
    this.#spokeAt = 0;
    this.#playEnd = time;
    for (const { name } of this.#marks.splice(0)) this.#echo(name);
  }

  #hear(data: Buffer, at: number): void {
    if (this.firstAudio === undefined) this.firstAudio = process.hrtime.bigint();
    const end = data.indexOf(QUOTE, at);
    const padding = data[end - 2] === 0x3d ? 2 : data[end - 1] === 0x3d ? 1 : 0;
    this.#playEnd = Math.max(this.#playEnd, now()) + (((end - at) * 3) / 4 - padding) / 8;
    if (kindAt(data, at) === KIND.answer)
      this.#follow(ownerAt(data, at), serialAt(data, at), ageAt(data, at));
    // A piece of a chunk that was split: all of a response is of one value.
    else if (this.#cut > 0 && read24(data, at) === fillOf(this.#cut) * 0x010101) tally.stale += 1;
  }

  #follow(response: number, serial: number, age: number): void {
    tally.down.record(age);
    if (response <= this.#cut) {
      tally.stale += 1;
      return;
    }
    if (response === this.#response) tally.lost += Math.max(0, serial - this.#serial - 1);
    else {
      tally.lost += serial;
      const { response: whole, chunks } = this.#whole;
      if (whole === this.#response) tally.lost += chunks - 1 - this.#serial;
    }
    this.#response = response;
    this.#serial = serial;
  }

  #echo(name: string): void {
    this.#wire?.send(
      `{"event":"mark","sequenceNumber":"${this.#frames + 2}","streamSid":"${this.#streamSid}","mark":{"name":"${name}"}}`,
    );
  }
}

/** The value of all audio of a response; never one that silence has. */
export const fillOf = (response: number): number => 1 + (response % 200);
