/**
 * @module The recorded voices are what every demo and every audio test is heard through: a missing, silent,
 * clipped or stale file would make them all lie. And speech of arbitrary text must fail with a remedy.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode } from '../../src/audio/g711.ts';
import { LINE_NAMES, lineText, loadLine } from '../../src/audio/lines.ts';
import { readVoiceAudio, readVoiceManifest } from '../../src/audio/voice-assets.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { downsample } from '../../src/testing/downsample.ts';
import { speak } from '../../src/testing/speech.ts';
import { crowdVoices, voice } from '../../src/testing/voices.ts';
import { pendingWork } from '../../src/runtime/work.ts';

const FRAME = 80;
const FRAME_MS = 10;
const decibel = (ratio: number): number => 20 * Math.log10(Math.max(ratio, 1e-9));

/** What an ear would judge: level of the speech, loudest sample, silences. */
function listen(audio: Uint8Array) {
  const pcm = decode('ulaw', audio);
  const levels: number[] = [];
  for (let at = 0; at + FRAME <= pcm.length; at += FRAME) levels.push(levelOf(pcm.subarray(at, at + FRAME)));
  const speech = levels.map((level) => level > -50);
  const spoken = levels.filter((_, index) => speech[index]);
  const power = spoken.reduce((sum, level) => sum + 10 ** (level / 10), 0) / Math.max(1, spoken.length);
  let pause = 0;
  let longestPause = 0;
  for (const active of speech.slice(speech.indexOf(true), speech.lastIndexOf(true))) {
    pause = active ? 0 : pause + FRAME_MS;
    longestPause = Math.max(longestPause, pause);
  }
  return {
    level: 10 * Math.log10(Math.max(power, 1e-9)),
    peak: decibel(pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 32_768),
    speechMs: spoken.length * FRAME_MS,
    leadMs: speech.indexOf(true) * FRAME_MS,
    tailMs: (speech.length - 1 - speech.lastIndexOf(true)) * FRAME_MS,
    longestPause,
  };
}

function levelOf(samples: Int16Array): number {
  return decibel(Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length) / 32_768);
}

/** Pitch of the voiced parts: the median of the autocorrelation's peak over 40 ms windows. */
function pitchOf(audio: Uint8Array): number {
  const pcm = decode('ulaw', audio);
  const found: number[] = [];
  for (let at = 0; at + 480 <= pcm.length; at += 320) {
    let best = 0;
    let bestLag = 0;
    let energy = 1;
    for (let i = 0; i < 320; i += 1) energy += pcm[at + i]! ** 2;
    for (let lag = 25; lag <= 130; lag += 1) {
      let sum = 0;
      for (let i = 0; i < 320; i += 1) sum += pcm[at + i]! * pcm[at + i + lag]!;
      if (sum > best) [best, bestLag] = [sum, lag];
    }
    if (best > 0.6 * energy && energy > 1e8) found.push(8000 / bestLag);
  }
  return found.sort((a, b) => a - b)[found.length >> 1] ?? 0;
}

const names = Object.keys(readVoiceManifest());

describe('recorded voices', () => {
  test.each(names)('%s is the file the manifest describes, and is speech at telephone level', (name) => {
    const entry = readVoiceManifest()[name]!;
    const audio = readVoiceAudio(name);
    expect(createHash('sha256').update(audio).digest('hex')).toBe(entry.sha256);
    expect(audio.length).toBe(entry.ms * 8);
    expect(entry.text).not.toBe('');
    const heard = listen(audio);
    expect(heard.speechMs).toBeGreaterThan(entry.ms * 0.6);
    expect(heard.level).toBeGreaterThan(-22);
    expect(heard.level).toBeLessThan(-18);
    expect(heard.peak).toBeLessThan(-0.5);
    expect(heard.leadMs).toBeLessThanOrEqual(60);
    expect(heard.tailMs).toBeLessThanOrEqual(60);
    // A caller's line must stay one turn: answerAfter is 500 ms.
    expect(heard.longestPause).toBeLessThanOrEqual(name.includes('/caller-') ? 300 : 460);
  });

  test('no file is left over, and all together stay small enough to ship', () => {
    const folder = new URL('../../assets/voices/', import.meta.url);
    const files = readdirSync(folder, { recursive: true }).map(String);
    const clips = files
      .filter((file) => file.endsWith('.ulaw'))
      .map((file) => file.slice(0, -'.ulaw'.length));
    expect(clips.sort()).toEqual([...names].sort());
    const total = names.reduce((sum, name) => sum + readVoiceAudio(name).length, 0);
    expect(total).toBeLessThan(4_000_000);
  });

  test('agent and caller of one language are voices that a pitch meter tells apart', () => {
    for (const language of ['en', 'ko'] as const) {
      const agent = pitchOf(voice(`${language}/agent-answer`).audio);
      const caller = pitchOf(voice(`${language}/caller-ask`).audio);
      expect(caller).toBeGreaterThan(60);
      expect(agent / caller).toBeGreaterThan(1.4);
    }
  });
});

describe('the lines of the runtime', () => {
  test.each([...LINE_NAMES])('%s exists in English and Korean, as different recordings', (name) => {
    expect(loadLine('ko', name)).not.toEqual(loadLine('en', name));
    expect(lineText('ko', name)).toMatch(/[가-힣]/);
    expect(lineText('en', name)).toMatch(/^[\x20-\x7e]+$/);
  });

  test('a language without recordings is spoken in English, and a region changes nothing', () => {
    expect(loadLine(undefined, 'apology')).toBe(loadLine('en', 'apology'));
    expect(loadLine('fr', 'apology')).toBe(loadLine('en', 'apology'));
    expect(loadLine('__proto__', 'apology')).toBe(loadLine('en', 'apology'));
    expect(loadLine('ko-KR', 'apology')).toBe(loadLine('ko', 'apology'));
    expect(lineText('KO_kr', 'filler')).toBe(lineText('ko', 'filler'));
    expect(lineText('fr', 'filler')).toBe(lineText('en', 'filler'));
  });

  test('a clip that is not there says which, and how to get it back', () => {
    expect(() => readVoiceAudio('en/nobody')).toThrow(
      expect.objectContaining({
        code: 'OFFHOOK_AUDIO_INVALID',
        message: expect.stringContaining('en/nobody'),
      }),
    );
    expect(() => crowdVoices(21)).toThrow(expect.objectContaining({ code: 'OFFHOOK_AUDIO_INVALID' }));
  });
});

describe('the twenty', () => {
  test('each is short and none sounds or reads like another', () => {
    const clips = Array.from({ length: 20 }, (_, index) => crowdVoices(index + 1)).flatMap((pair) => [
      pair.caller,
      pair.agent,
    ]);
    for (const clip of clips) expect(clip.ms).toBeLessThan(2_500);
    expect(new Set(clips.map((clip) => clip.text)).size).toBe(40);
    expect(new Set(clips.map((clip) => readVoiceManifest()[clip.name]!.sha256)).size).toBe(40);
    const words = clips
      .filter((_, index) => index % 2 === 0)
      .flatMap((clip) => clip.text.replace('This is caller ', '').replace('my code is ', '').match(/\w+/g));
    expect(new Set(words).size).toBe(60);
  });
});

describe('the demo conversation', () => {
  test.each(['en', 'ko'] as const)(
    'in %s the barge-in falls into the middle of the long answer',
    (language) => {
      const { turns } = demoScript(language);
      expect(turns.map((turn) => turn.by)).toEqual([
        'agent',
        'caller',
        'agent',
        'caller',
        'agent',
        'caller',
        'agent',
      ]);
      const cut = turns.findIndex((turn) => turn.by === 'agent' && turn.interrupted);
      const [answer, barge] = [turns[cut]!, turns[cut + 1]!];
      expect(answer.clip.ms).toBeGreaterThanOrEqual(9_000);
      if (barge.by !== 'caller' || barge.cue.on !== 'agent-speaking') throw new Error('nobody interrupts');
      expect(barge.cue.ms).toBeGreaterThan(answer.clip.ms * 0.25);
      expect(barge.cue.ms + barge.clip.ms).toBeLessThan(answer.clip.ms);
      // The agent is audible at that instant, so that there is something to interrupt.
      const around = answer.clip.audio.subarray((barge.cue.ms - 200) * 8, (barge.cue.ms + 200) * 8);
      expect(listen(around).speechMs).toBeGreaterThan(200);
      const reply = turns[cut + 2]!.clip.ms;
      expect(reply).toBeGreaterThanOrEqual(3_000);
      expect(reply).toBeLessThanOrEqual(4_000);
    },
  );

  test('the caller says the number that the tool is asked for, and only the last line hangs up', () => {
    for (const language of ['en', 'ko'] as const) {
      const { turns } = demoScript(language);
      const calls = turns.flatMap((turn) => (turn.by === 'agent' && turn.tool ? [turn.tool] : []));
      expect(calls).toHaveLength(1);
      const ask = turns.find((turn) => turn.line === 'caller-ask')!;
      expect(ask.clip.text).toContain(calls[0]!.arguments.orderId);
      expect(calls[0]!.result['orderId']).toBe(calls[0]!.arguments.orderId);
      expect(turns.map((turn) => turn.by === 'agent' && turn.hangsUp === true).lastIndexOf(true)).toBe(6);
      expect(turns.filter((turn) => turn.by === 'agent' && turn.hangsUp)).toHaveLength(1);
    }
  });
});

describe('downsampling a clip', () => {
  const tone = (frequency: number, rate: number): Int16Array =>
    Int16Array.from({ length: rate }, (_, n) => 16_000 * Math.sin((2 * Math.PI * frequency * n) / rate));
  const middle = (pcm: Int16Array): Int16Array => pcm.subarray(800, 7_200);

  test.each([22_050, 24_000, 48_000])(
    'from %i Hz the telephone band passes in time and the rest is gone',
    (rate) => {
      for (const frequency of [300, 1_000, 3_300]) {
        const heard = middle(downsample(tone(frequency, rate), rate));
        const wanted = middle(tone(frequency, 8_000));
        const error = heard.map((sample, index) => sample - wanted[index]!);
        expect(levelOf(error) - levelOf(wanted)).toBeLessThan(-50);
      }
      for (const frequency of [4_100, 5_000, 7_000, 9_000]) {
        expect(
          levelOf(middle(downsample(tone(frequency, rate), rate))) - levelOf(tone(1_000, 8_000)),
        ).toBeLessThan(-60);
      }
    },
  );

  test('a second stays a second, 8 kHz passes untouched, and a lower rate is refused', () => {
    expect(downsample(tone(440, 22_050), 22_050)).toHaveLength(8_000);
    const already = tone(440, 8_000);
    expect(downsample(already, 8_000)).toBe(already);
    expect(() => downsample(already, 4_000)).toThrow(
      expect.objectContaining({ code: 'OFFHOOK_AUDIO_INVALID' }),
    );
  });
});

/**
 * A program in place of espeak-ng. It writes one second of 1 kHz at 22,050 Hz under a header that, like the real
 * one, promises two gigabytes; it fails on being given the words as an argument or no words at all.
 */
const STANDIN = `#!${process.execPath}
const text = require('node:fs').readFileSync(0, 'utf8');
if (process.argv.includes('nobody')) {
  console.error('Error: The specified espeak-ng voice does not exist.');
  process.exit(1);
}
if (text === '' || process.argv.some((word) => word.includes(text))) process.exit(2);
const wav = Buffer.alloc(44 + 44100);
wav.write('RIFF', 0);
wav.writeUInt32LE(0x7ffff024, 4);
wav.write('WAVEfmt ', 8);
wav.writeUInt32LE(16, 16);
wav.writeUInt16LE(1, 20);
wav.writeUInt16LE(1, 22);
wav.writeUInt32LE(22050, 24);
wav.writeUInt32LE(44100, 28);
wav.writeUInt16LE(2, 32);
wav.writeUInt16LE(16, 34);
wav.write('data', 36);
wav.writeUInt32LE(0x7ffff000, 40);
for (let n = 0; n < 22050; n += 1) {
  wav.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 1000 * n) / 22050)), 44 + n * 2);
}
process.stdout.write(wav);
`;

describe('speaking arbitrary text', () => {
  const installed = spawnSync('espeak-ng', ['--version']).status === 0;
  let folder = '';
  let command = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'offhook-speech-'));
    command = join(folder, 'standin.cjs');
    writeFileSync(command, STANDIN, { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('what the program speaks comes back as mu-law at 8 kHz, and no other process sees the words', async () => {
    const audio = await speak('words for nobody else', { command });
    expect(audio).toHaveLength(8_000);
    const heard = decode('ulaw', audio);
    expect(levelOf(heard.subarray(400, 7_600))).toBeCloseTo(decibel(8_000 / Math.SQRT2 / 32_768), 0);
    // 1 kHz repeats every eight samples.
    const shifted = heard.subarray(400, 7_592).map((sample, index) => sample - heard[index + 408]!);
    expect(levelOf(shifted)).toBeLessThan(levelOf(heard) - 25);
  });

  test('a voice it does not have is named as a wrong option', async () => {
    await expect(speak('hello', { command, voice: 'nobody' })).rejects.toMatchObject({
      code: 'OFFHOOK_OPTION_INVALID',
      message: expect.stringContaining('nobody'),
    });
  });

  test.skipIf(!installed)('espeak-ng itself speaks both languages in two voices each', async () => {
    for (const [language, text] of [
      ['en', 'Where is my order?'],
      ['ko-KR', '주문한 책은 어디에 있나요?'],
    ] as const) {
      const [agent, caller] = [
        await speak(text, { language, voice: 'agent' }),
        await speak(text, { language }),
      ];
      expect(listen(caller).speechMs).toBeGreaterThan(600);
      expect(pitchOf(agent) / pitchOf(caller)).toBeGreaterThan(1.3);
    }
  });

  test('without the program it is refused with both remedies, and without the words', async () => {
    const refused = speak('my secret code', { command: 'offhook-no-such-program' });
    expect(pendingWork()).toBe(1);
    const error = await refused.then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({
      code: 'OFFHOOK_SPEECH_UNAVAILABLE',
      hint: expect.stringMatching(/--wav.*espeak-ng/),
    });
    expect(inspect(error)).not.toContain('secret');
    expect(pendingWork()).toBe(0);
  });

  test('a program that fails or writes no sound is refused as well', async () => {
    await expect(speak('hello', { command: 'false' })).rejects.toMatchObject({
      code: 'OFFHOOK_SPEECH_UNAVAILABLE',
    });
    await expect(speak('hello', { command: 'true' })).rejects.toMatchObject({
      code: 'OFFHOOK_SPEECH_UNAVAILABLE',
    });
  });

  test('text without words starts nothing', async () => {
    await expect(speak(' \n', { command: 'offhook-no-such-program' })).resolves.toHaveLength(0);
  });

  test('an aborted signal ends it with its reason', async () => {
    const reason = new Error('the call is over');
    await expect(speak('hello', { command: 'cat', signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
