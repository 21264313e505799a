/**
 * @module The two documents an answering webhook needs (carriers.md §3.2): connect the call to a media stream, or
 * turn it away.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text as the value of an attribute. What XML 1.0 cannot hold at all is left out. */
export function escapeXml(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- these are what XML forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/[&<>"']/g, (char) => ENTITIES[char]!)
      .replace(/[\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`)
  );
}

const document = (content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Response>${content}</Response>`;

/**
 * Connects the call to a media stream. The document ends behind it, so closing the stream hangs the call up.
 * @param parameters come back in `start.customParameters`; the address itself cannot hold a query
 */
export function writeStream(url: string, parameters: Readonly<Record<string, string>>): string {
  const children = Object.entries(parameters).map(
    ([name, value]) => `<Parameter name="${escapeXml(name)}" value="${escapeXml(value)}"/>`,
  );
  return document(`<Connect><Stream url="${escapeXml(url)}">${children.join('')}</Stream></Connect>`);
}

/** Turns the call away before it is answered, and charged. */
export function writeReject(reason: 'rejected' | 'busy'): string {
  return document(`<Reject reason="${reason}"/>`);
}
