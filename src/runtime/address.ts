/**
 * @module Which addresses stay on this machine: the only ones where plain http:// and ws:// carry nothing away.
 */

/**
 * True for a host name or address that stays on this machine. Names under `.localhost` do not count: they should, but
 * not every resolver knows, and one that asks the network sends keys to whoever answers.
 */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
