import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ok, type Result } from '../../src/core/result.ts';
import { socketFault } from '../../src/sip/channel.ts';

/** Opens a UDP socket on a free port of an address. It sends to addresses only, without any resolver. Fault: `sip-local-address`. */
export async function openUdp(localAddress: string): Promise<Result<Socket>> {
  const family = localAddress.includes(':') ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (host, _options, done) => done(null, host, family),
  });
  // With a resolver that answers at once, the event comes within bind.
  const listening = once(socket, 'listening');
  socket.bind(0, localAddress);
  try {
    await listening;
  } catch (error) {
    return { ok: false, error: socketFault(error as NodeJS.ErrnoException, localAddress) };
  }
  // An error of one datagram is a lost datagram.
  socket.on('error', () => undefined);
  return ok(socket);
}
