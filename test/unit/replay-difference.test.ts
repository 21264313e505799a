/**
 * @module A log that does not replay says where: the first line that differs, what stands there and what comes out
 * today. A file cut short by a killed process is no difference; a file that is no call log is refused.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OffhookError } from '../../src/errors.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { type Happening, startWorld } from './replay-harness.ts';

const script: readonly Happening[] = [
  { wait: 3_000, what: 'voice.start' },
  { wait: 900, what: 'voice.stop' },
  { wait: 300, what: 'turn' },
  { wait: 700, what: 'reply' },
  { wait: 2_500, what: 'key' },
];

const world = startWorld({ seed: 21, punctual: 0.6 });
for (const happening of script) world.happen(happening);
world.finish();
const whole = world.text();
const lines = whole.trimEnd().split('\n');

/** Index of the first line that `test` takes, which is its number in the file less one. */
function indexOf(test: (line: readonly unknown[]) => boolean): number {
  const index = lines.findIndex((line, at) => at > 0 && test(JSON.parse(line) as unknown[]));
  expect(index).toBeGreaterThan(0);
  return index;
}

const typeOf = (line: readonly unknown[]): unknown => (line[3] as { type?: string }).type;

function edit(index: number, change: (line: string) => string | undefined): string {
  const edited = lines.flatMap((line, at) => (at === index ? (change(line) ?? []) : line));
  return `${edited.join('\n')}\n`;
}

function otherHashes(text: string): string {
  return text.replace(/"charts":\{"call":"[0-9a-f]+"/, '"charts":{"call":"0000000000000000"');
}

describe('the first line that differs is named', () => {
  test('an order that was given differently', () => {
    const index = indexOf((line) => line[2] === 'order' && line[3] === 'leg');
    const text = edit(index, (line) => line.replace(/"type":"\w+"/, '"type":"elsewhat"'));
    expect(replayCallLog(text)).toMatchObject({
      equal: false,
      difference: { line: index + 1, actual: lines[index], chart: 'call' },
    });
  });

  test('an order that is given no longer: what comes out instead is shown', () => {
    const index = indexOf((line) => line[2] === 'order');
    const text = edit(index, (line) => `${line}\n${line}`);
    expect(replayCallLog(text).difference).toMatchObject({ line: index + 2, expected: lines[index] });
  });

  test('a snapshot that came out differently, as under a guard that has changed', () => {
    const index = indexOf((line) => line[2] === '#' && line[1] === 'session');
    const text = edit(index, (line) => line.replace(/"[0-9a-f]{16}"/, '"0123456789abcdef"'));
    const { equal, difference, events } = replayCallLog(text);
    expect(equal).toBe(false);
    expect(difference).toEqual({
      line: index + 1,
      expected: text.split('\n')[index],
      actual: lines[index],
      chart: 'session',
    });
    expect(events).toBeLessThan(index);
  });

  test('an event from outside that was another: its snapshot no longer fits', () => {
    const index = indexOf((line) => typeOf(line) === 'leg.answered');
    const text = edit(index, (line) => line.replace('leg.answered', 'leg.ringing'));
    expect(replayCallLog(text).difference).toMatchObject({ line: index + 2, expected: lines[index + 1] });
  });

  test('an event from outside at another time: its snapshot line is the first that shows it', () => {
    const index = indexOf((line) => typeOf(line) === 'digits.key');
    const text = edit(index, (line) => line.replace(/^\[[\d.]+/, '[1'));
    expect(replayCallLog(text).difference).toMatchObject({ line: index + 2 });
  });

  test('what one chart told the other is worked out again, not believed', () => {
    const index = indexOf((line) => line[1] === 'call' && line[2] === 'session');
    const text = edit(index, (line) => line.replace('"type":"', '"type":"x'));
    expect(replayCallLog(text).difference).toMatchObject({ line: index + 1, actual: lines[index] });
  });

  test('what one chart told the other must not be missing', () => {
    const index = indexOf(
      (line) => line[1] === 'call' && line[2] === 'session' && typeOf(line) === 'voice.stop',
    );
    // The event and the snapshot it led to.
    const text = `${[...lines.slice(0, index), ...lines.slice(index + 2)].join('\n')}\n`;
    expect(replayCallLog(text).difference).toMatchObject({ line: index + 1, actual: lines[index] });
  });

  test('nor invented', () => {
    const index = indexOf((line) => typeOf(line) === 'digits.key');
    const invented = '[9000,"call","session",{"type":"session.failed","code":"x"}]';
    const text = edit(index, (line) => `${invented}\n${line}`);
    expect(replayCallLog(text).difference).toEqual({
      line: index + 1,
      expected: invented,
      actual: '',
      chart: 'call',
    });
  });

  test('every line changed in any way is found, or was an input that changes nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: lines.length - 1 }), fc.nat(), (index, place) => {
        const text = edit(index, (line) => {
          const at = place % line.length;
          return `${line.slice(0, at)}${line[at] === '0' ? '1' : '0'}${line.slice(at + 1)}`;
        });
        try {
          const { equal, difference } = replayCallLog(text);
          if (!equal) expect(difference?.line).toBeGreaterThanOrEqual(index + 1);
          else expect(JSON.parse(lines[index]!)).not.toContain('#');
        } catch (error) {
          expect((error as OffhookError).code).toBe('OFFHOOK_LOG_INVALID');
        }
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});

describe('a changed chart', () => {
  test('is named, also when the call replays the same', () => {
    const result = replayCallLog(otherHashes(whole));
    expect(result.equal).toBe(true);
    expect(result.charts).toMatchObject([
      { name: 'call', logged: '0000000000000000', same: false },
      { name: 'session', same: true },
    ]);
    expect(result.charts[0]?.current).toMatch(/^[0-9a-f]{16}$/);
  });

  test('that does more at the end than the log has is a difference, not a cut', () => {
    const text = otherHashes(`${lines.slice(0, -1).join('\n')}\n`);
    expect(replayCallLog(text)).toMatchObject({
      equal: false,
      truncated: false,
      difference: { line: lines.length, expected: '', actual: lines.at(-1) },
    });
  });

  test('that is not known any more is listed', () => {
    const text = whole.replace('"charts":{', '"charts":{"fax":"1111111111111111",');
    expect(replayCallLog(text).charts).toContainEqual({
      name: 'fax',
      logged: '1111111111111111',
      current: '',
      same: false,
    });
  });
});

describe('a log that was cut short', () => {
  test('anywhere in its last line: replays to its last whole line', () => {
    const last = lines.at(-1)!.length + 1;
    for (let missing = 1; missing <= last; missing += 1) {
      const result = replayCallLog(whole.slice(0, -missing));
      expect(result).toMatchObject({ equal: true, truncated: true });
      expect(result.events + result.orders + result.snapshots).toBe(lines.length - 2);
    }
  });

  test('under a chart that has changed: what is missing cannot be held against it', () => {
    const last = lines.at(-1)!.length;
    expect(replayCallLog(otherHashes(whole).slice(0, -last))).toMatchObject({ equal: true, truncated: true });
  });

  test('between two stimuli: it is whole, the call was simply not over', () => {
    let text = '';
    for (const write of world.writes) {
      text += write;
      expect(replayCallLog(text)).toMatchObject({ equal: true, truncated: false });
    }
    expect(world.writes.length).toBeGreaterThan(10);
  });

  test('anywhere at all: equal as far as it goes', () => {
    const header = lines[0]!.length + 1;
    fc.assert(
      fc.property(fc.integer({ min: header, max: whole.length }), (length) => {
        const text = whole.slice(0, length);
        const result = replayCallLog(text);
        expect(result.equal).toBe(true);
        expect(result.events + result.orders + result.snapshots).toBe(text.split('\n').length - 2);
        if (!text.endsWith('\n')) expect(result.truncated).toBe(true);
      }),
      { numRuns: 150, seed: 3 },
    );
  });
});

describe('a log that no chart can follow', () => {
  test('in which a chart breaks down is a difference, and breaks nothing here', () => {
    const index = indexOf((line) => typeOf(line) === 'digits.key');
    const broken = '[9000,"call","leg",{"type":"xstate.error.actor.leg","error":{}}]';
    const text = edit(index, (line) => `${broken}\n${line}`);
    expect(replayCallLog(text)).toMatchObject({ equal: false, difference: { line: index + 2 } });
  });
});

describe('what is no call log is refused', () => {
  const header = lines[0]!;
  const patched = (change: Record<string, unknown>): string =>
    `${JSON.stringify({ ...(JSON.parse(header) as object), ...change })}\n`;
  const cases: Record<string, string> = {
    'an empty file': '',
    'a header that was cut': header.slice(0, 80),
    'a header without its line end': header,
    'another file': 'hello\nworld\n',
    'another format': patched({ format: 'offhook-call-log/1' }),
    'no call': patched({ call: undefined }),
    'no charts': patched({ charts: ['x'] }),
    'no input': patched({ input: undefined }),
    'no policy': patched({ input: { id: 'c', direction: 'inbound' } }),
    'no direction': patched({ input: { id: 'c', policy: {} } }),
    'a line that is no JSON': `${header}\n[1,\n`,
    'a line that is no array': `${header}\n{}\n`,
    'a line without a time': `${header}\n["1","call","leg",{"type":"x"}]\n`,
    'a chart nobody knows': `${header}\n[1,"fax","leg",{"type":"x"}]\n`,
    'an event without a type': `${header}\n[1,"call","leg",{}]\n`,
    'an order without an addressee': `${header}\n[1,"call","order",{"type":"x"}]\n`,
    'an empty line': `${header}\n\n[1,"call","leg",{"type":"x"}]\n`,
    bytes: `${String.fromCharCode(0, 1, 2, 255)}\n`,
  };
  for (const [name, text] of Object.entries(cases)) {
    test(name, () => {
      expect(() => replayCallLog(text)).toThrow(
        expect.objectContaining({ code: 'OFFHOOK_LOG_INVALID', message: expect.stringMatching(/line \d+/) }),
      );
    });
  }

  test('and what it holds is not in the message: it may be any file', () => {
    expect(() => replayCallLog('{"secret":"07012341234"\n')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('0701') }),
    );
  });

  test('a log with nothing but its header replays', () => {
    expect(replayCallLog(`${header}\n`)).toMatchObject({ equal: true, events: 0, truncated: false });
  });
});
