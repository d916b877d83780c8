/** Names of the DNS as text in lower case with the dot at the end, and as bytes. Pure. */

const MOST_NAME = 255;
const MOST_LABEL = 63;
/** A pointer that leads to a pointer, and so on: more than an honest message has. */
const MOST_JUMPS = 32;
const LABEL = /^[a-z0-9_*]([a-z0-9_-]*[a-z0-9_])?$/i;

/** Whether it may stand in a configuration: letters, digits, dashes and underscores; with or without the dot at the end. */
export const isName = (text: string): boolean => {
  const labels = text.replace(/\.$/, '').split('.');
  return text.length < MOST_NAME && labels.every((label) => label.length <= MOST_LABEL && LABEL.test(label));
};

/** Lower case, with the dot at the end. */
export const fullName = (text: string): string => `${text.toLowerCase().replace(/\.$/, '')}.`;

/** True where `name` is `zone` or below it. */
export const isWithin = (name: string, zone: string): boolean =>
  fullName(name) === fullName(zone) || fullName(name).endsWith(`.${fullName(zone)}`);

/** Throws for what `isName` refuses, `.` excepted. */
export const encodeName = (text: string): Buffer => {
  if (text === '.') return Buffer.from([0]);
  if (!isName(text)) throw new Error(`"${text}" is no name of the DNS`);
  const labels = fullName(text).slice(0, -1).split('.');
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.from([0])]);
};

/** The name at `from`, which may point back into the message, and where what follows it begins; null where it is malformed. */
export const decodeName = (message: Buffer, from: number): { readonly name: string; readonly next: number } | null => {
  const labels: string[] = [];
  let at = from;
  let next = -1;
  let length = 0;
  for (let jumps = 0; jumps <= MOST_JUMPS; ) {
    const size = message[at];
    if (size === undefined) return null;
    if (size === 0) return { name: labels.length === 0 ? '.' : `${labels.join('.')}.`, next: next < 0 ? at + 1 : next };
    if (size >= 0xc0) {
      const low = message[at + 1];
      if (low === undefined) return null;
      if (next < 0) next = at + 2;
      at = (size & 0x3f) * 256 + low;
      jumps += 1;
      continue;
    }
    length += size + 1;
    if (size > MOST_LABEL || length >= MOST_NAME || at + 1 + size > message.length) return null;
    // Odd bytes stay odd, and never look like a dot.
    const label = message.toString('latin1', at + 1, at + 1 + size).toLowerCase();
    labels.push(label.replaceAll(/[^a-z0-9_*-]/g, (sign) => `\\${String(sign.charCodeAt(0)).padStart(3, '0')}`));
    at += 1 + size;
  }
  return null;
};
