/**
 * Most WAV trouble is in the header: extra chunks, the extensible form, sizes never patched because the process
 * was killed. What we write plays to its last second at any moment; what we cannot read is refused by name.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encode } from '../../src/audio/g711.ts';
import { createWavWriter, encodeWav, readWav } from '../../src/audio/wav.ts';

const folder = mkdtempSync(join(tmpdir(), 'offhook-wav-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ramp = (length: number, from = 0): Int16Array => Int16Array.from({ length }, (_, n) => from + n);

/** A file with any header, and the chunks given around it. */
function wavOf(options: {
  tag: number;
  bits: number;
  data: Uint8Array;
  extensible?: boolean;
  before?: Buffer;
  size?: number;
}): Buffer {
  const { tag, bits, data, extensible = false, before = Buffer.alloc(0), size = data.length } = options;
  const fmt = Buffer.alloc(extensible ? 40 : 18);
  fmt.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  fmt.writeUInt16LE(1, 2);
  fmt.writeUInt32LE(8000, 4);
  fmt.writeUInt32LE((8000 * bits) / 8, 8);
  fmt.writeUInt16LE(bits / 8, 12);
  fmt.writeUInt16LE(bits, 14);
  if (extensible) {
    fmt.writeUInt16LE(22, 16);
    fmt.writeUInt16LE(tag, 24);
    fmt.write('000000001000800000aa00389b71', 26, 'hex');
  }
  const riff = Buffer.from('RIFF\0\0\0\0WAVE', 'latin1');
  return Buffer.concat([riff, chunk('fmt ', fmt), before, chunk('data', data, size)]);
}

function chunk(name: string, body: Uint8Array, size = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
}

const refused = (file: Uint8Array, message: RegExp): void => {
  expect(() => readWav(file)).toThrow(message);
  expect(() => readWav(file)).toThrow(expect.objectContaining({ code: 'OFFHOOK_AUDIO_INVALID' }));
};

describe('reading', () => {
  it('gives back what was written, shorter tracks filled with silence', () => {
    const { rate, channels } = readWav(encodeWav([ramp(5, -2), ramp(3, 30_000)], 16_000));
    expect(rate).toBe(16_000);
    expect(channels.map((track) => [...track])).toEqual([
      [-2, -1, 0, 1, 2],
      [30_000, 30_001, 30_002, 0, 0],
    ]);
  });

  it.each([
    ['ulaw', 7],
    ['alaw', 6],
  ] as const)('decodes %s, plain or extensible', (codec, tag) => {
    const data = encode(codec, Int16Array.of(0, 1000, -1000, 30_000));
    const plain = readWav(wavOf({ tag, bits: 8, data }));
    const extensible = readWav(wavOf({ tag, bits: 8, data, extensible: true }));
    expect([...encode(codec, plain.channels[0]!)]).toEqual([...data]);
    expect(extensible).toEqual(plain);
  });

  it('walks over chunks it does not know, odd ones too', () => {
    const before = Buffer.concat([chunk('LIST', Buffer.from('odd')), chunk('fact', Buffer.alloc(4))]);
    const data = new Uint8Array(ramp(3).buffer);
    const file = wavOf({ tag: 1, bits: 16, data, before });
    expect([...readWav(file).channels[0]!]).toEqual([0, 1, 2]);
    const odd = Buffer.concat([Buffer.alloc(1), file]);
    expect([...readWav(odd.subarray(1)).channels[0]!]).toEqual([0, 1, 2]);
  });

  it('reads to the end of a file whose size was never patched', () => {
    const file = wavOf({ tag: 1, bits: 16, data: new Uint8Array(ramp(3).buffer), size: 0xffff_ffff });
    expect([...readWav(file).channels[0]!]).toEqual([0, 1, 2]);
  });

  it('refuses the rest, saying what it found', () => {
    refused(Buffer.from('ID3'), /not a WAV/);
    refused(wavOf({ tag: 3, bits: 32, data: Buffer.alloc(8) }), /format 3/);
    refused(wavOf({ tag: 1, bits: 24, data: Buffer.alloc(6) }), /24 bits/);
    refused(Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), /no format/);
    refused(
      Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), chunk('data', Buffer.alloc(2))]),
      /before its format/,
    );
    refused(wavOf({ tag: 1, bits: 16, data: Buffer.alloc(0) }).subarray(0, 38), /no data/);
    refused(Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), chunk('fmt ', Buffer.alloc(4))]), /cut short/);
    const foreign = wavOf({ tag: 1, bits: 16, data: Buffer.alloc(2), extensible: true });
    foreign[50] = 0x7f;
    refused(foreign, /extensible/);
  });
});

describe('writing', () => {
  it('is whole after every second, before it is closed', () => {
    const path = join(folder, 'growing.wav');
    const writer = createWavWriter(path, { rate: 8000, channels: 2 });
    expect(readWav(readFileSync(path)).channels[0]!.length).toBe(0);
    for (let frame = 0; frame < 120; frame += 1) writer.write(ramp(320, frame));
    const seen = readFileSync(path);
    expect(seen.readUInt32LE(40)).toBe(seen.length - 44);
    expect(readWav(seen).channels[0]!.length).toBe(16_000);
    writer.close();
    writer.close();
    const { channels } = readWav(readFileSync(path));
    expect(writer.samples).toBe(19_200);
    expect(channels[0]!.length).toBe(19_200);
    expect([channels[0]![161], channels[1]![161]]).toEqual([3, 4]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('skips an hour of silence without writing it', () => {
    const path = join(folder, 'hole.wav');
    const writer = createWavWriter(path, { rate: 8000, channels: 1 });
    writer.write(Int16Array.of(1, 2));
    writer.skip(28_800_000);
    writer.write(Int16Array.of(3));
    writer.close();
    expect(statSync(path).blocks * 512).toBeLessThan(100_000);
    const [track] = readWav(readFileSync(path)).channels;
    expect(track!.length).toBe(28_800_003);
    expect([track![0], track![1], track![2], track!.at(-2), track!.at(-1)]).toEqual([1, 2, 0, 0, 3]);
  });

  it('leaves a file that plays when the process is killed', () => {
    const path = join(folder, 'killed.wav');
    const module = new URL('../../src/audio/wav.ts', import.meta.url).href;
    const script = `
      const { createWavWriter } = await import(${JSON.stringify(module)});
      const writer = createWavWriter(${JSON.stringify(path)}, { rate: 8000, channels: 1 });
      for (let n = 0; n < 170; n += 1) writer.write(new Int16Array(160).fill(n));
      process.kill(process.pid, 'SIGKILL');`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    expect(signal).toBe('SIGKILL');
    const file = readFileSync(path);
    expect(file.readUInt32LE(4)).toBe(file.length - 8);
    const [track] = readWav(file).channels;
    expect(track!.length).toBe(24_000);
    expect(track!.at(-1)).toBe(149);
  });
});
