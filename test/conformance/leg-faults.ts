/**
 * @module What a leg has to survive, whatever the network: messages nobody should send, connections that break or no
 * longer read, and listeners that throw. Part of the leg suite.
 */
import { describe, expect, it } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { goSilent, loseNetwork, press, wait } from '../../src/exchange/index.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { bench, count, expectOver, find, FRAME, noise, run, talk, typesOf } from './leg-bench.ts';

/** Messages no network should send. */
const STRANGE: readonly string[] = [
  '',
  'hello',
  '{',
  'null',
  '7',
  '[]',
  '{"event":7}',
  '{"event":"media"}',
  '{"event":"media","media":null}',
  '{"event":"media","media":{"payload":7}}',
  '{"event":"media","media":{"payload":"***"}}',
  '{"event":"media","media":{"track":"outbound","payload":"fn5+"}}',
  '{"event":"mark"}',
  '{"event":"mark","mark":{"name":7}}',
  '{"event":"dtmf","dtmf":{"digit":"12"}}',
  '{"event":"dtmf","dtmf":{"digit":"w"}}',
  '{"event":"start"}',
  '{"event":"weather","weather":{"sky":"blue"}}',
  `{"event":"weather","text":"${'x'.repeat(70_000)}"}`,
];

/** The tests. */
export function describeFaults(): void {
  describe('survives', () => {
    it('messages that are broken, binary, unknown or far too long', async () => {
      const { call, line } = await talk([wait(500), press('5'), goSilent()]);
      for (const text of STRANGE) call.faults.sendMedia(text);
      call.faults.sendMedia(new Uint8Array([0, 1, 2, 255]));
      await run(1_000);
      expect(typesOf(line)).toEqual(['leg.answered', 'leg.mediaStarted']);
      expect(line.keys).toEqual(['5']);
      expect(line.marks).toEqual([]);
      expect(line.chunks.every(({ ms }) => ms === 20)).toBe(true);
      expect(line.chunks.length).toBeGreaterThan(40);
      expect(bench.counters.malformed).toBeGreaterThanOrEqual(14);
      expect(bench.counters.unknown).toBe(2);
    });

    it('audio of any length, down to none at all', async () => {
      const { call, line } = await talk();
      for (const payload of ['', '/w==', '/3/+', Buffer.alloc(1_601, 0x11).toString('base64')]) {
        call.faults.sendMedia(`{"event":"media","media":{"track":"inbound","payload":"${payload}"}}`);
      }
      await run(100);
      const lengths = line.chunks.map(({ ms }) => ms * 8);
      expect(lengths).toEqual(expect.arrayContaining([0, 1, 3, 1_601]));
      expect(typesOf(line)).toEqual(['leg.answered', 'leg.mediaStarted']);
    });

    it('a thousand frames with a byte gone wrong', async () => {
      const { call, line } = await talk();
      const random = createRandom(11);
      const frame = `{"event":"media","sequenceNumber":"9","media":{"track":"inbound","chunk":"8","timestamp":"160","payload":"${noise(FRAME, 1).toString('base64')}"}}`;
      for (let turn = 0; turn < 1_000; turn += 1) {
        const at = Math.floor(random() * frame.length);
        const byte = String.fromCharCode(0x20 + Math.floor(random() * 0x5e));
        call.faults.sendMedia(frame.slice(0, at) + byte + frame.slice(at + Math.floor(random() * 3)));
      }
      await run(1_000);
      expect(typesOf(line)).toEqual(['leg.answered', 'leg.mediaStarted']);
      const before = line.chunks.length;
      await run(1_000);
      expect(line.chunks.length - before).toBe(50);
    });

    it.each([1000, 1001, 1011])('a media connection closed with %i and no word: one end', async (code) => {
      const { call, line } = await talk();
      call.faults.closeMedia(code);
      await run(10_000);
      expect(count(line, 'leg.hangup')).toBe(1);
      expect(count(line, 'leg.ended')).toBe(1);
      expect(count(line, 'leg.mediaStopped')).toBe(1);
    });

    it('a media connection that is cut: a failure of media, reported once', async () => {
      const { line } = await talk([wait(300), loseNetwork(), goSilent()]);
      await run(10_000);
      expectOver(line, { by: 'platform', status: 'failed', code: 'OFFHOOK_MEDIA_FAILED' });
      expect(find(line, 'leg.mediaStopped')).toEqual({ type: 'leg.mediaStopped', epoch: 1, expected: false });
    });

    it('a far end that no longer reads: hanging up is bounded', async () => {
      const { call, line } = await talk();
      call.faults.stallMedia();
      line.leg.hangup();
      await run(6_100);
      expect(find(line, 'leg.hangup')).toMatchObject({ by: 'agent' });
      call.faults.resumeMedia();
      await run(3_000);
      expect(count(line, 'leg.hangup')).toBe(1);
    });

    it('an agent faster than a far end that no longer reads: what is held back is bounded', async () => {
      const { call, line } = await talk();
      call.faults.stallMedia();
      // A minute and a half of speech, fifty times over.
      const minutes = chunkOfBytes(noise(720_000, 1), 1);
      for (let turn = 0; turn < 50; turn += 1) line.leg.play(minutes);
      expect(bench.counters.dropped).toBeGreaterThan(0);
    });

    it('a listener that throws: its fact, frame or key is lost, and nothing else', async () => {
      const { line } = await talk([wait(300), press('12'), goSilent()]);
      const { length } = line.chunks;
      line.chunks.push = line.keys.push = () => {
        throw new Error('a listener');
      };
      await run(1_000);
      expect(typesOf(line)).toEqual(['leg.answered', 'leg.mediaStarted']);
      Reflect.deleteProperty(line.chunks, 'push');
      await run(1_000);
      expect(line.chunks.length - length).toBe(50);
    });
  });
}
