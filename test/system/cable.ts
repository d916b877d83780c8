import type { AstDbMessage, AstDbTransport } from '../../src/replication/astdb/message.ts';

/** Two ends of one connection within this process; everything crosses as JSON. */
export const createCable = (): readonly [AstDbTransport, AstDbTransport] => {
  const listeners: ((message: unknown) => void)[] = [];
  const end = (own: number): AstDbTransport => ({
    send: (message: AstDbMessage) => {
      const bytes = JSON.stringify(message);
      setImmediate(() => listeners[1 - own]?.(JSON.parse(bytes)));
      return true;
    },
    onMessage: (listener) => {
      listeners[own] = listener;
    },
    onConnected: () => undefined,
  });
  return [end(0), end(1)];
};
