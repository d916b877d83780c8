/** A message on the stream: four bytes of length, then JSON. */
const HEAD_BYTES = 4;

export const encodeFrame = (message: unknown): Buffer => {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
};

/** Collects bytes, and gives whole messages. */
export interface FrameReader {
  push(bytes: Buffer): void;
  /** The next message, null when it is not whole yet. Throws where a frame is too long or is no JSON: end the connection. */
  next(): { readonly message: unknown } | null;
}

export const createFrameReader = (maxFrameBytes: number): FrameReader => {
  let parts: Buffer[] = [];
  let size = 0;
  const take = (count: number): Buffer => {
    const all = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
    const rest = all.subarray(count);
    parts = rest.length > 0 ? [rest] : [];
    size = rest.length;
    return all.subarray(0, count);
  };
  let wanted: number | null = null;
  return {
    push: (bytes) => {
      parts.push(bytes);
      size += bytes.length;
    },
    next: () => {
      if (wanted === null) {
        if (size < HEAD_BYTES) return null;
        wanted = take(HEAD_BYTES).readUInt32BE(0);
        if (wanted > maxFrameBytes) throw new Error(`a frame of ${wanted} bytes, over ${maxFrameBytes}`);
      }
      if (size < wanted) return null;
      const body = take(wanted);
      wanted = null;
      return { message: JSON.parse(body.toString('utf8')) as unknown };
    },
  };
};
