import { timingSafeEqual } from 'node:crypto';
import { signatureOf } from '../channels/webhook.ts';

/** What a receiver does: the signature is right, and the request not older or newer than `maxAgeS`. */
export const isSigned = (
  key: string,
  given: { readonly timestamp: string; readonly signature: string; readonly body: string },
  nowS: number,
  maxAgeS = 300,
): boolean => {
  const wanted = Buffer.from(signatureOf(key, given.timestamp, given.body));
  const found = Buffer.from(given.signature);
  const fresh = /^\d{1,12}$/.test(given.timestamp) && Math.abs(nowS - Number(given.timestamp)) <= maxAgeS;
  return fresh && wanted.length === found.length && timingSafeEqual(wanted, found);
};
