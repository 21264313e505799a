/**
 * @module What every leg has to do, whatever the network: one suite, run against each transport and its far end. The
 * far end is a caller with a real playback queue, so what is asserted is what was heard, not what was sent.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunkOfBase64, chunkOfBytes } from '../../src/audio/chunk.ts';
import { goSilent, hangUp, muteFrames, press, say, wait } from '../../src/exchange/index.ts';
import type { Leg, TransferRequest } from '../../src/transport/contract.ts';
import {
  bench,
  clock,
  closeRig,
  count,
  expectOver,
  find,
  FRAME,
  heardBy,
  noise,
  type OpenBench,
  openRig,
  resultsOf,
  ring,
  run,
  talk,
  typesOf,
} from './leg-bench.ts';
import { describeFaults } from './leg-faults.ts';

const TRANSFER: Omit<TransferRequest, 'request'> = {
  to: '021234567',
  destination: 'pstn',
  mode: 'blind',
  after: 'return',
  hold: 'ringback',
  ringTimeout: 30_000,
};

/** Runs the suite against one network. */
export function describeLeg(name: string, openBench: OpenBench): void {
  describe(`a leg of ${name}`, () => {
    beforeEach(() => openRig(openBench));
    afterEach(closeRig);
    describeBeginning();
    describeCaller();
    describeAgent();
    describeEnd();
    describeFaults();
  });
}

function describeBeginning(): void {
  describe('begins', () => {
    it('with who calls whom, under an id of its own, and what it can do', async () => {
      const [first, second] = [await ring(), await ring()];
      expect(first.line.leg.info).toMatchObject({
        id: first.call.id,
        transport: bench.transport.name,
        direction: 'inbound',
        from: first.call.from,
        to: first.call.to,
        callerIdRestricted: false,
      });
      expect(second.line.leg.info.id).not.toBe(first.line.leg.info.id);
      expect(first.line.leg.can).toEqual(bench.transport.can);
    });

    it('to deliver when it is taken, and not before', async () => {
      const { line } = await ring([press('1'), say({ audio: noise(8_000, 1) }), goSilent()]);
      await run(2_000);
      expect(line).toMatchObject({ facts: [], chunks: [], marks: [], keys: [] });
      line.leg.accept();
      line.leg.accept();
      await run(1_000);
      expect(line.facts).toEqual([{ type: 'leg.answered' }, { type: 'leg.mediaStarted', epoch: 1 }]);
      expect(line.chunks.length).toBeGreaterThan(20);
    });

    it('and ends unanswered when it is turned away', async () => {
      const ways: readonly ((leg: Leg) => void)[] = [
        (leg) => leg.reject({ cause: 'rejected', code: 'screened', message: 'Not wanted.' }),
        (leg) => leg.reject({ cause: 'busy', code: 'OFFHOOK_CALL_LIMIT', message: 'Too many calls.' }),
        (leg) => leg.hangup(),
      ];
      for (const turnAway of ways) {
        const { call, line } = await ring();
        turnAway(line.leg);
        line.leg.accept();
        await run(3_000);
        expect(line.facts).toEqual([
          { type: 'leg.hangup', by: 'agent', status: 'rejected' },
          expect.objectContaining({ type: 'leg.ended' }),
        ]);
        expect((await call.ended).by).toBe('agent');
      }
    });

    it('and ends unanswered when the caller gives up while it rings', async () => {
      const { call, line } = await ring();
      call.hangUp();
      await run(3_000);
      line.leg.accept();
      await run(3_000);
      expect(find(line, 'leg.hangup')).toMatchObject({ by: 'caller', status: 'canceled' });
      expect(typesOf(line)).toEqual(['leg.hangup', 'leg.ended']);
    });
  });
}

function describeCaller(): void {
  describe('carries the caller', () => {
    it('byte for byte, in order, on an axis without holes', async () => {
      const clip = noise(FRAME * 75, 2);
      const { call, line } = await talk([wait(300), say({ audio: clip }), wait(200), goSilent()]);
      await run(2_500);
      const heard = heardBy(line);
      const frames = call.spoken.length / FRAME;
      expect(Buffer.from(call.spoken).indexOf(heard)).toBeGreaterThanOrEqual(0);
      expect(heard.includes(clip)).toBe(true);
      // What is not there was on its way when the call was taken, or still is.
      expect(heard.length / FRAME).toBeGreaterThan(frames - 5);
      for (const [index, chunk] of line.chunks.entries()) {
        expect(chunk).toMatchObject({ gen: 0, ms: 20, at: line.chunks[0]!.at + index * 20 });
      }
    });

    it('with a hole where frames were lost: what follows is where it belongs', async () => {
      const { line } = await talk([wait(200), muteFrames(3), wait(200), goSilent()]);
      await run(1_000);
      const steps = line.chunks.slice(1).map(({ at }, index) => at - line.chunks[index]!.at);
      expect(steps.filter((step) => step !== 20)).toEqual([80]);
    });

    it('and every key, in order', async () => {
      const { line } = await talk([wait(200), press('0123456789*#'), goSilent()]);
      await run(4_000);
      expect(line.keys.join('')).toBe('0123456789*#');
    });

    it('each in their own call', async () => {
      const one = noise(FRAME * 20, 3);
      const other = noise(FRAME * 20, 4);
      const first = await talk([wait(500), say({ audio: one }), goSilent()]);
      const second = await talk([wait(500), say({ audio: other }), goSilent()]);
      first.line.leg.play(chunkOfBytes(other, 1));
      await run(2_000);
      expect(heardBy(first.line).includes(one)).toBe(true);
      expect(heardBy(first.line).includes(other)).toBe(false);
      expect(heardBy(second.line).includes(other)).toBe(true);
      expect(Buffer.from(first.call.heard).includes(other)).toBe(true);
      expect(Buffer.from(second.call.heard).includes(other)).toBe(false);
    });
  });
}

function describeAgent(): void {
  describe('carries the agent', () => {
    it('byte for byte, in order, whatever the size and form of the pieces', async () => {
      const { call, line } = await talk();
      const sizes = [1600, 13, 160, 7, 1, 4000, 159, 161, 480];
      const pieces = sizes.map((size, index) => noise(size, 10 + index));
      for (const [index, piece] of pieces.entries()) {
        const text = Buffer.from(piece.toString('base64'), 'latin1');
        line.leg.play(index % 2 === 0 ? chunkOfBytes(piece, 1) : chunkOfBase64(text, 1));
      }
      await run(2_000);
      expect(Buffer.from(call.heard).includes(Buffer.concat(pieces))).toBe(true);
      expect(call.arrivals.map(({ bytes }) => bytes)).toEqual(sizes);
      expect(bench.misunderstood()).toBe(0);
    });

    it('and echoes a mark when what stands before it has been played', async () => {
      const { line } = await talk();
      const begun = clock.now();
      line.leg.mark('at once "quoted"');
      line.leg.play(chunkOfBytes(noise(8_000, 5), 1));
      line.leg.mark('1:one');
      line.leg.play(chunkOfBytes(noise(4_000, 6), 1));
      line.leg.mark('1:two');
      await run(2_000);
      expect(line.marks.map(({ name }) => name)).toEqual(['at once "quoted"', '1:one', '1:two']);
      const [first, second, third] = line.marks.map(({ at }) => at - begun);
      expect(first).toBeLessThan(40);
      expect(second).toBeGreaterThanOrEqual(1_000);
      expect(second).toBeLessThan(1_060);
      expect(third).toBeGreaterThanOrEqual(1_500);
      expect(third).toBeLessThan(1_560);
    });

    it('and falls silent on a clear: nothing of before is heard, everything behind it is', async () => {
      const { call, line } = await talk();
      const old = noise(40_000, 7);
      const fresh = noise(8_000, 8);
      line.leg.play(chunkOfBytes(old.subarray(0, 20_000), 1));
      line.leg.mark('old:1');
      line.leg.play(chunkOfBytes(old.subarray(20_000), 1));
      line.leg.mark('old:2');
      await run(1_000);
      const before = call.heard.length;
      line.leg.clear();
      line.leg.play(chunkOfBytes(fresh, 2));
      line.leg.mark('fresh');
      await run(3_000);
      const heard = Buffer.from(call.heard);
      // The frame that is being played is heard to its end.
      const late = heard.subarray(before + FRAME);
      for (let at = 0; at + FRAME <= old.length; at += FRAME) {
        expect(late.includes(old.subarray(at, at + FRAME))).toBe(false);
      }
      expect(heard.includes(fresh)).toBe(true);
      expect(call.arrivals.at(-1)).toMatchObject({ clears: 1, bytes: fresh.length });
      const names = line.marks.map(({ name }) => name);
      expect(names).toEqual(line.leg.can.marks === 'echo-on-clear' ? ['old:1', 'old:2', 'fresh'] : ['fresh']);
    });

    it('from the moment it hears of the answer, and not a byte from before', async () => {
      const [before, first, then] = [noise(1_600, 20), noise(1_600, 21), noise(1_600, 22)];
      const { call, line } = await ring();
      line.leg.play(chunkOfBytes(before, 1));
      line.react = ({ type }) => {
        if (type === 'leg.answered') line.leg.play(chunkOfBytes(first, 2));
        if (type === 'leg.mediaStarted') line.leg.play(chunkOfBytes(then, 2));
      };
      line.leg.accept();
      await run(2_000);
      const heard = Buffer.from(call.heard);
      expect(heard.includes(Buffer.concat([first, then]))).toBe(true);
      expect(heard.includes(before.subarray(0, FRAME))).toBe(false);
    });

    it('and keys towards the network, or says why not', async () => {
      const { call, line } = await ring();
      const { digitsOut } = line.leg.can;
      const or = (code: string) => (digitsOut ? code : 'OFFHOOK_CAPABILITY_MISSING');
      expect(await line.leg.sendDigits('0')).toBe(or('OFFHOOK_CALL_STATE'));
      line.leg.accept();
      await run(1_000);
      expect(await line.leg.sendDigits('159*#')).toBe(digitsOut ? undefined : 'OFFHOOK_CAPABILITY_MISSING');
      expect(await line.leg.sendDigits('2w')).toBe(or('OFFHOOK_OPTION_INVALID'));
      await run(100);
      const sent = call.events.flatMap((event) =>
        event.type === 'digit' && event.from === 'agent' ? [event.digit] : [],
      );
      expect(sent.join('')).toBe(digitsOut ? '159*#' : '');
      line.leg.hangup();
      await run(4_000);
      expect(await line.leg.sendDigits('3')).toBe(or('OFFHOOK_CALL_ENDED'));
      expect(bench.misunderstood()).toBe(0);
    });

    it('and every transfer it is asked for has one result, at once where it cannot transfer', async () => {
      const { line } = await talk();
      for (const request of ['t1', 't2']) line.leg.transfer({ ...TRANSFER, request });
      const failed = (request: string) => ({
        type: 'transfer.failed',
        request,
        reason: 'OFFHOOK_CAPABILITY_MISSING',
      });
      if (!line.leg.can.transfer) expect(line.facts.slice(2)).toEqual([failed('t1'), failed('t2')]);
      await run(20_000);
      expect(resultsOf(line).sort()).toEqual(['t1', 't2']);
      line.leg.transfer({ ...TRANSFER, request: 't3' });
      await run(100);
      line.leg.hangup();
      await run(6_000);
      expect(resultsOf(line).sort()).toEqual(['t1', 't2', 't3']);
    });
  });
}

function describeEnd(): void {
  describe('ends', () => {
    it('by the agent, once the last words have been heard', async () => {
      const { call, line } = await talk();
      const words = noise(9_600, 9);
      line.leg.play(chunkOfBytes(words, 1));
      line.leg.hangup();
      line.leg.hangup();
      await run(1_000);
      expect(count(line, 'leg.hangup')).toBe(0);
      await run(3_000);
      expect(Buffer.from(call.heard).includes(words)).toBe(true);
      expectOver(line, { by: 'agent', status: 'completed' });
      expect(await call.ended).toMatchObject({ status: 'completed', by: 'agent' });
      expect(line.marks).toEqual([]);
    });

    it('by the caller', async () => {
      const { call, line } = await talk([wait(1_000), hangUp()]);
      await run(4_000);
      expectOver(line, { by: 'caller', status: 'completed' });
      expect(find(line, 'leg.mediaStopped')).toEqual({ type: 'leg.mediaStopped', epoch: 1, expected: false });
      expect(find(line, 'leg.ended')).toMatchObject({ status: 'completed' });
      expect(await call.ended).toMatchObject({ status: 'completed', by: 'caller' });
    });

    it('by both at once, as one end', async () => {
      const { call, line } = await talk();
      line.leg.play(chunkOfBytes(noise(8_000, 1), 1));
      line.leg.hangup();
      call.hangUp();
      await run(10_000);
      expectOver(line, { by: 'agent', status: 'completed' });
    });

    it('with the hang-up and then the final word, in the same breath if it is known: a listener needs one wait', async () => {
      const { line } = await talk([wait(1_000), hangUp()]);
      const told: number[] = [];
      line.react = ({ type }) => {
        if (type === 'leg.hangup' || type === 'leg.ended') told.push(clock.now());
      };
      await run(4_000);
      expectOver(line, { by: 'caller', status: 'completed' });
      expect(told[1]).toBe(told[0]);
    });

    it('and leaves methods that do nothing, and never throw', async () => {
      const { call, line } = await talk([wait(100), hangUp()]);
      await run(4_000);
      const facts = line.facts.length;
      touchAll(line.leg);
      line.leg.close();
      line.leg.close();
      touchAll(line.leg);
      await run(10_000);
      expect(line.facts).toHaveLength(facts);
      expect(call.arrivals).toEqual([]);
    });

    it('at once when it is closed: no fact follows, and the far end is released', async () => {
      const { call, line } = await talk();
      line.leg.play(chunkOfBytes(noise(80_000, 1), 1));
      line.leg.hangup();
      line.leg.close();
      await run(5_000);
      expect(typesOf(line)).toEqual(['leg.answered', 'leg.mediaStarted']);
      expect(call.status).not.toBe('in-progress');
    });
  });
}

function touchAll(leg: Leg): void {
  leg.accept();
  leg.play(chunkOfBytes(noise(FRAME, 1), 1));
  leg.mark('late');
  leg.clear();
  void leg.sendDigits('1');
  leg.notify('metrics', { turns: 1 });
  leg.transfer({ ...TRANSFER, request: 'late' });
  leg.reject({ cause: 'rejected', code: 'late', message: 'late' });
  leg.hangup();
}
