/**
 * The TwiML of the answering webhook. Twilio refuses a document that is not well-formed, and the caller hears "an
 * application error has occurred": whatever an address or a parameter holds, it may not break out of its attribute.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTwiml } from '../../src/testing/twilio/twiml.ts';
import { escapeXml, writeReject, writeStream } from '../../src/transport/twilio/twiml.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

// oxlint-disable-next-line no-control-regex -- what XML cannot hold is left out
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const bare = (text: string): string => text.replace(FORBIDDEN, '');

describe('the answer', () => {
  it('connects the call to its stream and hands the token along', () => {
    expect(writeStream('wss://voice.example.com/media-stream', { token: 'abc' })).toBe(
      `${DECLARATION}<Response><Connect><Stream url="wss://voice.example.com/media-stream">` +
        '<Parameter name="token" value="abc"/></Stream></Connect></Response>',
    );
  });

  it('turns a call away', () => {
    expect(writeReject('busy')).toBe(`${DECLARATION}<Response><Reject reason="busy"/></Response>`);
  });

  it('escapes what XML reserves', () => {
    expect(escapeXml(`<a href="x" title='y'>&amp;\n\t`)).toBe(
      '&lt;a href=&quot;x&quot; title=&apos;y&apos;&gt;&amp;amp;&#10;&#9;',
    );
    expect(escapeXml('a\u0000\u0008\u001f\ufffeb')).toBe('ab');
  });

  it('is read back as it was meant, whatever it holds', () => {
    const property = fc.property(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.string({ unit: 'grapheme', maxLength: 100 }),
      (path, value) => {
        const url = `wss://h/${escapeXml(path) === '' ? '' : path.replaceAll('?', '')}`;
        const [verb] = readTwiml(writeStream(url, { token: value }));
        expect(verb).toEqual({ verb: 'stream', url: bare(url), parameters: { token: bare(value) } });
      },
    );
    fc.assert(property, { numRuns: 500, seed: 3 });
  });
});

describe('the reader of the stand-in', () => {
  it.each([
    ['', 'one root'],
    ['<Response>', 'is closed'],
    ['<Response></Connect>', 'closes nothing'],
    ['<Response/><Response/>', 'one root'],
    ['<Play/>', 'the root of TwiML'],
    ['<Response><Say>hello</Say></Response>', 'not well-formed'],
    ['<Response><Say/></Response>', 'not known'],
    ['<Response><Connect/></Response>', 'not known'],
    ['<Response><Connect><Stream url="https://x"/></Connect></Response>', 'needs wss'],
    ['<Response><Connect><Stream url="wss://x?a=b"/></Connect></Response>', 'a query'],
    ['<Response><Connect><Stream url="wss://x?a=b&c"/></Connect></Response>', 'no entity'],
    ['<Response><Connect><Stream url=wss/></Connect></Response>', 'not well-formed'],
    ['<Response><Connect><Stream url="wss://x" url="wss://y"/></Connect></Response>', 'twice'],
    [
      '<Response><Connect><Stream url="wss://x"><Parameter value="1"/></Stream></Connect></Response>',
      'names',
    ],
  ])('refuses %s', (text, message) => {
    expect(() => readTwiml(text)).toThrow(message);
  });

  it('refuses a parameter that Twilio would cut', () => {
    expect(() => readTwiml(writeStream('wss://x', { token: 'x'.repeat(496) }))).toThrow('500');
    expect(readTwiml(writeStream('wss://x', { token: 'x'.repeat(495) }))).toHaveLength(1);
  });
});
