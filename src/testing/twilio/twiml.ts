/**
 * @module Reads the few TwiML verbs a media stream needs, strictly: what is not well-formed XML, or says something
 * Twilio does not know here, is refused as Twilio refuses it.
 */

export type Verb =
  | { readonly verb: 'stream'; readonly url: string; readonly parameters: Readonly<Record<string, string>> }
  | { readonly verb: 'reject'; readonly reason: string }
  | { readonly verb: 'hangup' };

/** An element as read: name, attributes, children. */
interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

/**
 * Reads a TwiML document.
 * @throws Error naming what is wrong with it
 */
export function readTwiml(text: string): readonly Verb[] {
  const root = parse(text);
  if (root.name !== 'Response') throw new Error('the root of TwiML is <Response>');
  return root.children.map(verbOf);
}

function verbOf(element: Element): Verb {
  const { name, attributes, children } = element;
  if (name === 'Hangup') return { verb: 'hangup' };
  if (name === 'Reject') return { verb: 'reject', reason: attributes.reason ?? 'rejected' };
  const [stream, ...more] = children;
  if (name !== 'Connect' || stream?.name !== 'Stream' || more.length > 0) {
    throw new Error(`<${name}> is not known here`);
  }
  const { url = '' } = stream.attributes;
  if (!url.startsWith('wss://') && !url.startsWith('ws://127.0.0.1'))
    throw new Error('a stream needs wss://');
  if (url.includes('?')) throw new Error('the address of a stream may not hold a query');
  return { verb: 'stream', url, parameters: Object.fromEntries(stream.children.map(parameterOf)) };
}

function parameterOf(element: Element): [string, string] {
  const { name = '', value = '' } = element.attributes;
  if (element.name !== 'Parameter' || name === '')
    throw new Error('a <Stream> holds <Parameter>s with names');
  if (name.length + value.length > 500) throw new Error('a <Parameter> may hold 500 characters');
  return [name, value];
}

const DECLARATION = /^\s*<\?xml version="1\.0" encoding="UTF-8"\?>\s*/;
const TAG = /<(\/?)([A-Za-z]\w*)((?:\s+[A-Za-z]\w*="[^"<]*")*)\s*(\/?)>\s*/y;

function parse(text: string): Element {
  const body = text.replace(DECLARATION, '').trimEnd();
  const top: Element[] = [];
  const open: { element: Element; children: Element[] }[] = [];
  let at = 0;
  while (at < body.length) {
    TAG.lastIndex = at;
    const match = TAG.exec(body);
    if (!match) throw new Error(`not well-formed at character ${at}`);
    at = TAG.lastIndex;
    const [, closing, name = '', attributes = '', empty] = match;
    if (closing) {
      if (open.pop()?.element.name !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    const children: Element[] = [];
    const element: Element = { name, attributes: attributesOf(attributes), children };
    (open.at(-1)?.children ?? top).push(element);
    if (!empty) open.push({ element, children });
  }
  const [root, ...more] = top;
  if (!root || more.length > 0 || open.length > 0)
    throw new Error('a document has one root, and it is closed');
  return root;
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([A-Za-z]\w*)="([^"]*)"/g)) {
    if (name in attributes) throw new Error(`attribute ${name} appears twice`);
    attributes[name] = decode(value);
  }
  return attributes;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(value: string): string {
  return value.replace(/&([^;&]*)(;?)/g, (all, name: string, end: string) => {
    const code = /^#(\d+)$/.exec(name)?.[1];
    const char = code === undefined ? ENTITIES[name] : String.fromCodePoint(Number(code));
    if (char === undefined || end === '') throw new Error(`${all} is no entity`);
    return char;
  });
}
