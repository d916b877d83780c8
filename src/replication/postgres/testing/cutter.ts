/** A way to a PostgreSQL that a test can cut, or let fall silent, after so many bytes. */
import net from 'node:net';

export interface Cutter {
  readonly port: number;
  /** Bytes that went through since the start, both ways. */
  passed(): number;
  stop(): Promise<void>;
}

export type CutKind = 'cut' | 'silent';

/** Forwards to `host:port`; after `afterBytes` nothing goes through any more: broken off, or held for ever. */
export const startCutter = async (host: string, port: number, kind: CutKind, afterBytes: number): Promise<Cutter> => {
  let passed = 0;
  const sockets = new Set<net.Socket>();
  const forward = (from: net.Socket, to: net.Socket): void => {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('data', (chunk: Buffer) => {
      const left = afterBytes - passed;
      passed += chunk.length;
      if (left > 0) to.write(chunk.subarray(0, left));
      if (passed < afterBytes) return;
      if (kind === 'cut') from.destroy();
    });
  };
  const server = net.createServer((client) => {
    const behind = net.connect(port, host);
    forward(client, behind);
    forward(behind, client);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    passed: () => passed,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
};
