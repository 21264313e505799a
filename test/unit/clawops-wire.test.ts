/** Control messages of the platform: fixtures from the wire to facts, and our messages to the letter. */
import { describe, expect, it } from 'vitest';
import type { TransferRequest } from '../../src/transport/contract.ts';
import {
  readControl,
  statusOf,
  writeAccept,
  writeFailed,
  writeHello,
  writeNotice,
  writeTransfer,
} from '../../src/transport/clawops/wire.ts';

const read = (message: object): unknown => readControl(JSON.stringify(message));

describe('control messages in', () => {
  it('call.incoming, with what it may leave out', () => {
    expect(
      read({ event: 'call.incoming', callId: 'CA1', from: '010', to: '070', mediaUrl: 'wss://h/m', x: 1 }),
    ).toEqual({ type: 'incoming', call: 'CA1', from: '010', restricted: false, mediaUrl: 'wss://h/m' });
    expect(read({ event: 'call.incoming', callId: 'CA1' })).toMatchObject({ from: '', mediaUrl: '' });
  });

  it('a caller id is restricted by the literal true only', () => {
    for (const [value, restricted] of [
      [true, true],
      ['true', false],
      [1, false],
      [undefined, false],
    ]) {
      expect(read({ event: 'call.incoming', callId: 'CA1', callerIdRestricted: value })).toMatchObject({
        restricted,
      });
    }
  });

  it('call.ended in ms, 0 s being a length, and its status', () => {
    const ended = (more: object) => read({ event: 'call.ended', callId: 'CA1', ...more });
    expect(ended({ status: 'no-answer', duration: 0 })).toEqual({
      type: 'ended',
      call: 'CA1',
      status: 'no-answer',
      durationMs: 0,
    });
    expect(ended({ duration: 61 })).toMatchObject({ status: 'completed', durationMs: 61_000 });
    expect(ended({ duration: '61' })).toMatchObject({ durationMs: undefined });
    expect(ended({})).toMatchObject({ status: 'completed', durationMs: undefined });
    expect(read({ event: 'call.failed', callId: 'CA1', reason: 'x' })).toMatchObject({
      type: 'ended',
      status: 'failed',
    });
    expect(statusOf('cancelled')).toBe('canceled');
    expect(statusOf('a new one')).toBe('failed');
  });

  it('transfer events, by request id or by call', () => {
    expect(
      read({
        event: 'call.transfer.failed',
        callId: 'CA1',
        requestId: 'r',
        transfer: { reason: 'no-answer' },
      }),
    ).toEqual({ type: 'transfer', call: 'CA1', request: 'r', step: 'failed', reason: 'no-answer' });
    expect(read({ event: 'call.transfer.completed', requestId: 'r' })).toMatchObject({
      call: '',
      reason: 'unknown',
    });
    expect(read({ event: 'call.transfer.completed' })).toEqual({ type: 'malformed' });
    expect(read({ event: 'call.transfer.toString', callId: 'CA1' })).toEqual({ type: 'unknown' });
  });

  it.each([
    ['no-answer', 'no-answer'],
    ['UNOWNED_CALLER_ID', 'UNOWNED_CALLER_ID'],
    ['caller id 01012345678 is not yours', 'unknown'],
    ['01012345678', 'unknown'],
    ['a'.repeat(65), 'unknown'],
    [{ text: 'busy' }, 'unknown'],
  ])(
    'the reason %j of a transfer as %j: a word for the log, never a sentence or a number',
    (reason, word) => {
      const event = { event: 'call.transfer.failed', callId: 'CA1', transfer: { reason } };
      expect(read(event)).toMatchObject({ reason: word });
    },
  );

  it('what it cannot use, without throwing', () => {
    for (const text of [
      '',
      'oops',
      '[]',
      'null',
      '7',
      '{}',
      '{"event":1}',
      '{"event":"call.incoming"}',
      '{"event":',
    ]) {
      expect(readControl(text)).toEqual({ type: 'malformed' });
    }
    for (const event of ['call.incoming', 'call.ended', 'call.ringing', 'call.outbound_ready']) {
      expect(read({ event, callId: 7 })).toEqual({ type: 'malformed' });
    }
    expect(read({ event: 'agent.promoted' })).toEqual({ type: 'unknown' });
    expect(read({ event: '__proto__' })).toEqual({ type: 'unknown' });
  });
});

describe('control messages out', () => {
  const request: TransferRequest = {
    request: 't1',
    to: '021234567',
    destination: 'pstn',
    mode: 'warm',
    after: 'terminate',
    hold: 'music',
    ringTimeout: 30_000,
  };

  it('call.transfer has every field of the wire, seconds, and null for what is not given', () => {
    expect(JSON.parse(writeTransfer('CA1', request, 'f'.repeat(32)))).toEqual({
      event: 'call.transfer',
      callId: 'CA1',
      transfer: {
        to: '021234567',
        destinationType: 'pstn',
        mode: 'warm',
        afterTransfer: 'terminate',
        holdMedia: 'moh',
        whisper: null,
        context: null,
        callerId: null,
        timeout: 30,
        requestId: 'f'.repeat(32),
      },
    });
  });

  it('call.transfer carries what is given', () => {
    const text = writeTransfer(
      'CA1',
      {
        ...request,
        whisper: 'w',
        context: { a: 1 },
        callerId: '070',
        callerIdMode: 'original',
        ringTimeout: 400,
      },
      'id',
    );
    expect(JSON.parse(text)).toMatchObject({
      transfer: { whisper: 'w', context: { a: 1 }, callerId: '070', callerIdMode: 'original', timeout: 1 },
    });
  });

  it('hello, accept, failure and notices', () => {
    expect(JSON.parse(writeHello({ name: 'offhook' }))).toEqual({
      event: 'agent.hello',
      sdk: { name: 'offhook' },
    });
    expect(JSON.parse(writeAccept('CA1'))).toEqual({ event: 'call.accept', callId: 'CA1' });
    expect(JSON.parse(writeFailed('CA1', 'Error', 'm'))).toEqual({
      event: 'call.session_failed',
      callId: 'CA1',
      reason: 'Error',
      message: 'm',
    });
    expect(JSON.parse(writeNotice('metrics', 'CA1', { a: 1 }))).toEqual({
      event: 'call.metrics',
      callId: 'CA1',
      metrics: { a: 1 },
    });
    expect(JSON.parse(writeNotice('telemetry', 'CA1', {}))).toMatchObject({
      event: 'call.telemetry',
      telemetry: {},
    });
  });
});
