/** A certificate of the server's own, written by hand: Node.js makes keys and signatures, and no certificates (X.509, RFC 5280). */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv4, SocketAddress } from 'node:net';
import type { Millis, WallTime } from '../../core/words.ts';

export interface CertificateWish {
  /** PEM of an EC key on P-256. */
  readonly key: string;
  readonly commonName: string;
  /** Names and addresses by which it is reached. */
  readonly names: readonly string[];
  readonly from: WallTime;
  readonly lifeMs: Millis;
}

const tlv = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const size = body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};

const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, ...parts);
const octets = (body: Buffer): Buffer => tlv(0x04, body);
const bits = (body: Buffer, unused = 0): Buffer => tlv(0x03, Buffer.from([unused]), body);
const YES = tlv(0x01, Buffer.from([0xff]));

const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tlv(0x06, Buffer.from([first * 40 + second, ...bytes]));
};

const utcTime = (wall: WallTime): Buffer =>
  tlv(0x17, Buffer.from(`${new Date(wall).toISOString().slice(2, 19).replaceAll(/[-T:]/g, '')}Z`));

const nameOf = (commonName: string): Buffer =>
  sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(commonName)))));

const addressBytes = (address: string): Buffer => {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const canonical = SocketAddress.parse(`[${address}]:1`)?.address ?? '::';
  const [head = '', tail = ''] = canonical.split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const all = canonical.includes('::') ? [...before, ...zeros, ...after] : before;
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
};

const alternativeName = (name: string): Buffer =>
  isIP(name) === 0 ? tlv(0x82, Buffer.from(name, 'latin1')) : tlv(0x87, addressBytes(name));

const extensionsOf = (names: readonly string[]): Buffer =>
  tlv(
    0xa3,
    sequence(
      sequence(oid('2.5.29.19'), YES, octets(sequence())),
      // Digital signature, and nothing else.
      sequence(oid('2.5.29.15'), YES, octets(bits(Buffer.from([0x80]), 7))),
      sequence(oid('2.5.29.37'), octets(sequence(oid('1.3.6.1.5.5.7.3.1')))),
      sequence(oid('2.5.29.17'), octets(sequence(...names.map(alternativeName)))),
    ),
  );

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

const signed = (wish: CertificateWish, key: KeyObject): Buffer => {
  const { commonName, names, from, lifeMs } = wish;
  const serial = randomBytes(16);
  // Positive, and not beginning with a zero.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    ECDSA_SHA256,
    nameOf(commonName),
    sequence(utcTime(from), utcTime(from + lifeMs)),
    nameOf(commonName),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    extensionsOf(names),
  );
  return sequence(body, ECDSA_SHA256, bits(sign('sha256', body, key)));
};

/** PEM. */
export const selfSigned = (wish: CertificateWish): string => {
  const der = signed(wish, createPrivateKey(wish.key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};
