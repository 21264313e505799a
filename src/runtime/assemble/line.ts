/**
 * @module The call's line: joins the carrier's leg, the two gates and the playout ledger, and is the chart's port
 * `leg`. Audio runs through here chunk by chunk without an event; the chart steers it by its tags.
 */
import { Subject } from 'rxjs/internal/Subject';
import { bytesOf, type Chunk, chunkOfBytes } from '../../audio/chunk.ts';
import { transcode } from '../../audio/g711.ts';
import { applyGain } from '../../audio/gain.ts';
import { createHearGate, createSpeakGate, type HearMode, type SpeakMode } from '../../audio/gate.ts';
import { lineText, loadLine } from '../../audio/lines.ts';
import { createPlayout, type Playout, type PlayoutFact } from '../../audio/playout.ts';
import type { CannedLine, LegOrder } from '../../machines/call/vocabulary.ts';
import type { LegFact, TransferRequest } from '../../transport/contract.ts';
import type { TimerHandle } from '../clock.ts';
import type { AssistantEntry } from '../record.ts';
import { nameOf } from '../scope.ts';
import type { OpenPort, Port, Tell } from '../switchboard.ts';
import type { CallParts } from './parts.ts';

/** A tap hears one side of the call. It may throw: then it is detached, and the path goes on. */
export interface LineTaps {
  readonly caller$: Subject<Chunk>;
  /** The agent's audio with its place on the carrier's media axis. */
  readonly agent$: Subject<{ chunk: Chunk; at: number }>;
  /** Everything placed from here on will not be played. */
  readonly cleared$: Subject<number>;
}

export interface LineOptions {
  readonly gain: { readonly in: number; readonly out: number };
  pressed(key: string): void;
  /** How much of a generation was heard is now known. */
  heard(entry: AssistantEntry): void;
  transferRequest(request: string): TransferRequest | undefined;
  legFact(fact: LegFact): void;
}

export interface Line {
  readonly open: OpenPort;
  readonly taps: LineTaps;
  readonly playout: Playout;
  /** Where the caller's audio goes; undefined while no connection is there. */
  listener: ((chunk: Chunk) => void) | undefined;
  /** One chunk of the agent's voice. */
  speak(chunk: Chunk): void;
  /** The chart's tags, after its orders went out. */
  steer(hear: HearMode, speak: SpeakMode): void;
  /** A gate that is live has something to pass. */
  readonly heardMs: number;
}

/** Frames come every 20 ms; two seconds without one is a line that stands still. */
const STALLED_AFTER = 2_000;

export function createLine(parts: CallParts, options: LineOptions): Line {
  const { leg, raw, clock, record } = parts;
  const codec = leg.can.codec;
  const taps: LineTaps = { caller$: new Subject(), agent$: new Subject(), cleared$: new Subject() };
  const pendingLines = new Map<number, Uint8Array>();
  const pendingFinish = new Set<number>();
  const heldGens = new Set<number>();
  const voiced = new Set<number>();
  const { caller$ } = taps;
  const gainIn = options.gain.in;
  let tell: Tell = () => {};
  let frames = 0;
  let lastAt = 0;
  let lastArrival = 0;
  let lastKey = 0;

  const mediaNow = (): number => (frames === 0 ? 0 : lastAt + raw.now() - lastArrival);
  const playout = createPlayout({
    clock: raw,
    can: leg.can,
    play: (chunk) => leg.play(chunk),
    mark: (name) => leg.mark(name),
    clear: () => leg.clear(),
    placed: (chunk, at) => {
      if (taps.agent$.observed) taps.agent$.next({ chunk, at });
    },
    cleared: (at) => taps.cleared$.next(at),
    mediaNow,
    fact: (fact) => clock.stimulus(() => report(fact)),
  });

  const report = (fact: PlayoutFact): void => {
    const ledger = playout.ledger(fact.gen);
    const whole = fact.type === 'playout.drained';
    const entry = record.heard(fact.gen, fact.playedMs, ledger?.generatedMs ?? fact.playedMs, whole);
    if (entry) options.heard(entry);
    tell(fact);
  };

  const amplify = (chunk: Chunk, gain: number): Chunk =>
    gain === 1 ? chunk : chunkOfBytes(applyGain(codec, bytesOf(chunk), gain), chunk.gen, chunk.at);

  let listener: Line['listener'];
  const hear = createHearGate({ pass: (chunk) => listener?.(chunk) });
  const speak = createSpeakGate({ pass: (chunk) => playout.push(chunk) });

  const finish = (gen: number): void => {
    if (heldGens.has(gen) && speak.mode === 'hold') {
      pendingFinish.add(gen);
      return;
    }
    pendingFinish.delete(gen);
    heldGens.delete(gen);
    // What was given a voice is waited for by the chart, also where a gate let none of it through.
    if (voiced.delete(gen)) playout.finish(gen);
    else playout.forget(gen);
  };

  const begin = (gen: number): void => {
    playout.begin(gen);
    const bytes = pendingLines.get(gen);
    if (!bytes) return;
    pendingLines.delete(gen);
    voiced.add(gen);
    // A line of ours passes the gates: the tags are about the model's voice.
    for (let at = 0; at < bytes.length; at += LINE_CHUNK) {
      playout.push(chunkOfBytes(bytes.subarray(at, at + LINE_CHUNK), gen));
    }
    tell({ type: 'gen.audio', gen });
    tell({ type: 'gen.done', gen, audioMs: bytes.length / 8, tools: 0, reason: 'completed' });
  };

  const play = (name: CannedLine, request: number): void => {
    const language = parts.spec()?.description.language;
    const gen = parts.takeGeneration();
    pendingLines.set(gen, transcode('ulaw', codec, loadLine(language, name)));
    record.begin(gen, name, lineText(language, name));
    tell({ type: 'gen.started', gen, request });
  };

  const order = (given: LegOrder): void => {
    switch (given.type) {
      case 'accept':
        return leg.accept();
      case 'reject':
        return leg.reject({
          cause: given.code === 'busy' ? 'busy' : 'rejected',
          code: given.code,
          message: 'The call was not accepted.',
        });
      case 'begin':
        return begin(given.gen);
      case 'finish':
        return finish(given.gen);
      case 'flush':
        // The clear goes out first: it is what the caller waits for.
        playout.flush(given.gen);
        speak.discard(given.gen);
        // What is held of an earlier generation still has its turn.
        for (const gen of heldGens) if (gen >= given.gen) heldGens.delete(gen);
        for (const gen of voiced) if (gen >= given.gen) voiced.delete(gen);
        for (const gen of pendingFinish) if (gen >= given.gen) pendingFinish.delete(gen);
        return undefined;
      case 'play':
        return play(given.line, given.request);
      case 'suspend':
        return playout.suspend(given.on);
      case 'transfer': {
        const request = options.transferRequest(given.request);
        if (request) leg.transfer(request);
        return undefined;
      }
      case 'hangup':
        return leg.hangup();
    }
  };

  const watch = createMediaWatch(
    parts,
    () => frames,
    (fact) => tell(fact),
  );

  const fact = (reported: LegFact): void => {
    if (reported.type === 'leg.mediaStarted') {
      playout.mediaStarted(reported.epoch);
      watch.start(reported.epoch);
    }
    if (reported.type === 'leg.mediaStopped') {
      playout.mediaStopped();
      watch.stop();
    }
    options.legFact(reported);
    tell(reported);
  };

  const hearChunk = (chunk: Chunk): void => {
    frames += 1;
    lastAt = chunk.at + chunk.ms;
    lastArrival = raw.now();
    const amplified = amplify(chunk, gainIn);
    if (caller$.observed) caller$.next(amplified);
    hear.push(amplified);
  };

  const line: Line = {
    taps,
    playout,
    get listener() {
      return listener;
    },
    set listener(next) {
      listener = next;
    },
    speak(chunk) {
      voiced.add(chunk.gen);
      if (speak.mode === 'hold') heldGens.add(chunk.gen);
      speak.push(amplify(chunk, options.gain.out));
    },
    steer(hearMode, speakMode) {
      if (hear.mode !== hearMode) hear.set(hearMode);
      if (speak.mode !== speakMode) {
        speak.set(speakMode);
        for (const gen of pendingFinish) finish(gen);
      }
    },
    get heardMs() {
      return lastAt;
    },
    open(_input, send): Port {
      tell = send;
      leg.start({
        fact,
        audio: hearChunk,
        mark: (name) => playout.echoed(name),
        digit(key) {
          record.pressed(key);
          options.pressed(key);
          lastKey += 1;
          const kind = key === '*' ? 'star' : key === '#' ? 'hash' : 'digit';
          tell({ type: 'digits.key', class: kind, n: lastKey });
        },
      });
      return {
        order: (given) => order(given as LegOrder),
        close() {
          watch.stop();
          playout.close();
          leg.close();
        },
      };
    },
  };
  parts.scope.own('line', () => {
    watch.stop();
    playout.close();
    leg.close();
    for (const tap of Object.values(taps)) (tap as Subject<unknown>).complete();
  });
  return line;
}

/** 100 ms of G.711 a chunk: few messages, and a clear still finds most of a line unsent nowhere. */
const LINE_CHUNK = 800;

/** Looks once a second whether frames still come; nothing runs per frame. */
function createMediaWatch(
  parts: CallParts,
  frames: () => number,
  tell: Tell,
): { start(epoch: number): void; stop(): void } {
  let timer: TimerHandle | undefined;
  let stalled = false;
  const look = (epoch: number, seen: number, since: number): void => {
    timer = parts.clock.setTimeout(() => {
      const now = parts.raw.now();
      const count = frames();
      if (count !== seen) {
        if (stalled) tell({ type: 'media.flowing', epoch });
        stalled = false;
        look(epoch, count, now);
        return;
      }
      if (!stalled && now - since >= STALLED_AFTER) {
        stalled = true;
        tell({ type: 'media.stalled', epoch });
      }
      look(epoch, seen, since);
    }, STALLED_AFTER / 2);
  };
  return {
    start(epoch) {
      this.stop();
      stalled = false;
      look(epoch, frames(), parts.raw.now());
    },
    stop() {
      parts.clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** Attaches a tap that cannot hurt the path: a throw detaches it and is reported once. */
export function tap<T>(
  parts: CallParts,
  source: Subject<T>,
  name: string,
  work: (value: T) => void,
  failed: (name: string, error: unknown) => void,
): void {
  const subscription = source.subscribe((value) => {
    try {
      work(value);
    } catch (error) {
      subscription.unsubscribe();
      parts.counters.tapErrors += 1;
      parts.logger.error(
        { call: parts.id, tap: name, error: nameOf(error) },
        'an audio tap failed and was detached',
      );
      failed(name, error);
    }
  });
  parts.scope.own(`tap ${name}`, () => subscription.unsubscribe());
}
