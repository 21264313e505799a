/**
 * @module Whether a request may be believed to be Twilio's: by its signature, or, where those are skipped, by having
 * been sent to this machine under a name of its own. What a tunnel or a web page leads here has another name.
 */
import { isLoopback } from '../../runtime/address.ts';
import type { TwilioSettings } from './settings.ts';
import { isSigned, type SignedRequest } from './signature.ts';

export interface Claim extends SignedRequest {
  /** The header `Host`. */
  readonly host: string | undefined;
}

/** Why a request is not believed, without anything it holds; undefined if it is. */
export function doubtOf(settings: TwilioSettings, claim: Claim): string | undefined {
  if (settings.skipSignature) {
    const name = URL.parse(`http://${claim.host ?? ''}`)?.hostname;
    if (name !== undefined && isLoopback(name)) return undefined;
    return 'signatures are skipped, and it was sent to another host name than this machine';
  }
  if (claim.signature === undefined || claim.signature === '') return 'it has no signature';
  if (isSigned(settings.authTokens, claim)) return undefined;
  return 'its signature is for another address, another token or other content';
}
