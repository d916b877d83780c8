/** The few messages of nf_tables that the gate sends ten times a second, as the kernel reads them (linux/netfilter/nf_tables.h). */
import { endianness } from 'node:os';
import { ELSEWHERE, familiesOf, type GateOrder, type GateSettings, GRANT, slotNames, TABLE, TICKET } from './rules.ts';

/** Headers are in the machine's own order of bytes, numbers in attributes in the network's. */
const littleEndian = endianness() === 'LE';
const own16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  if (littleEndian) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
};
const own32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  if (littleEndian) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
};
const read16 = (bytes: Buffer, at: number): number => (littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
const read32 = (bytes: Buffer, at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
const readError = (bytes: Buffer, at: number): number => (littleEndian ? bytes.readInt32LE(at) : bytes.readInt32BE(at));

const REQUEST = 0x001;
const ACKNOWLEDGE = 0x004;
const CREATE = 0x400;
const NESTED = 0x8000;

const MESSAGE = { error: 0x2, batchBegin: 0x10, batchEnd: 0x11, newElement: 0xa0c, deleteElement: 0xa0e } as const;
const NEW_GENERATION = 0xa0f;
const GET_GENERATION = 0xa10;
/** NFNL_SUBSYS_NFTABLES, which a batch is for. */
const SUBSYSTEM = 10;
const FAMILY = { inet: 1, arp: 3 } as const;

const ELEMENTS = { table: 1, set: 2, elements: 3 } as const;
const ELEMENT = { key: 1, timeout: 4 } as const;
/** NFTA_LIST_ELEM and NFTA_DATA_VALUE. */
const INNER = 1;

const HEADER_BYTES = 16;
const aligned = (length: number): number => (length + 3) & ~3;

const attribute = (type: number, value: Buffer): Buffer => {
  const whole = Buffer.alloc(aligned(4 + value.length));
  own16(4 + value.length).copy(whole, 0);
  own16(type).copy(whole, 2);
  value.copy(whole, 4);
  return whole;
};
const nested = (type: number, ...parts: readonly Buffer[]): Buffer => attribute(NESTED | type, Buffer.concat(parts));
const text = (type: number, value: string): Buffer => attribute(type, Buffer.from(`${value}\0`));

const message = (type: number, flags: number, family: number, subsystem: number, body: readonly Buffer[]): Buffer => {
  const length = HEADER_BYTES + 4 + body.reduce((sum, each) => sum + each.length, 0);
  const subject = Buffer.from([family, 0, subsystem >> 8, subsystem & 0xff]);
  return Buffer.concat([own32(length), own16(type), own16(flags), own32(0), own32(0), subject, ...body]);
};

type Family = keyof typeof FAMILY;

const flush = (family: Family, set: string): Buffer =>
  message(MESSAGE.deleteElement, REQUEST | ACKNOWLEDGE, FAMILY[family], 0, [
    text(ELEMENTS.table, TABLE),
    text(ELEMENTS.set, set),
  ]);

const add = (family: Family, set: string, value: number, timeoutMs: number | null): Buffer => {
  const timeout = Buffer.alloc(8);
  timeout.writeBigUInt64BE(BigInt(timeoutMs ?? 0));
  return message(MESSAGE.newElement, REQUEST | CREATE | ACKNOWLEDGE, FAMILY[family], 0, [
    text(ELEMENTS.table, TABLE),
    text(ELEMENTS.set, set),
    nested(
      ELEMENTS.elements,
      nested(
        INNER,
        nested(ELEMENT.key, attribute(INNER, own32(value))),
        ...(timeoutMs === null ? [] : [attribute(ELEMENT.timeout, timeout)]),
      ),
    ),
  ]);
};

const partsOf = (family: Family, action: GateOrder, slots: number): readonly Buffer[] => {
  switch (action.type) {
    case 'arm':
      return [flush(family, `slot${action.slot}`), add(family, `slot${action.slot}`, TICKET, action.ms)];
    case 'grant':
      // A granted lease ends an open-ended hold.
      return [add(family, `slot${action.slot}`, GRANT, null), flush(family, 'held')];
    case 'close':
      return [...slotNames(slots), 'held'].map((set) => flush(family, set));
    case 'hold-open':
      return [add(family, 'held', TICKET, null)];
    case 'elsewhere':
      // Only what calls is refused, and ARP does not.
      if (family !== 'inet') return [];
      return [flush(family, 'elsewhere'), ...(action.ms === 0 ? [] : [add(family, 'elsewhere', ELSEWHERE, action.ms)])];
  }
};

/** A transaction: the kernel does all of it or nothing, and acknowledges each of its `count` parts. */
export interface Batch {
  readonly bytes: Buffer;
  readonly count: number;
}

/** One transaction of the gate. `slot` and `ms` are whole numbers. */
export const batchOf = (action: GateOrder, settings: GateSettings): Batch => {
  const parts = familiesOf(settings).flatMap((family) => partsOf(family, action, settings.slots));
  const begin = message(MESSAGE.batchBegin, REQUEST, 0, SUBSYSTEM, []);
  const end = message(MESSAGE.batchEnd, REQUEST, 0, SUBSYSTEM, []);
  return { bytes: Buffer.concat([begin, ...parts, end]), count: parts.length };
};

/** Asks for the number of transactions that the kernel has done since it began, anybody's. */
export const generationQuestion: Buffer = message(GET_GENERATION, REQUEST, 0, 0, []);

/** What the kernel said. */
export interface KernelAnswer {
  /** Parts that it has done. */
  readonly done: number;
  /** Its first complaint, as a positive `errno`; 0 for none. */
  readonly errno: number;
  readonly generation: number | null;
}

/** Reads datagrams of netlink, as hexadecimal words; null for what is not netlink. */
export const readAnswer = (words: readonly string[]): KernelAnswer | null => {
  let [done, errno] = [0, 0];
  let generation: number | null = null;
  for (const word of words) {
    if (!/^(?:[0-9a-f]{2})+$/.test(word)) return null;
    const bytes = Buffer.from(word, 'hex');
    for (let at = 0; at < bytes.length; ) {
      if (bytes.length - at < HEADER_BYTES + 4) return null;
      const length = read32(bytes, at);
      if (length < HEADER_BYTES + 4 || at + length > bytes.length) return null;
      const type = read16(bytes, at + 4);
      if (type === MESSAGE.error) {
        const error = -readError(bytes, at + HEADER_BYTES);
        if (error === 0) done += 1;
        else if (errno === 0) errno = error;
      } else if (type === NEW_GENERATION && length >= HEADER_BYTES + 12) {
        // The number is the first attribute.
        generation = bytes.readUInt32BE(at + HEADER_BYTES + 8);
      }
      at += aligned(length);
    }
  }
  return { done, errno, generation };
};
