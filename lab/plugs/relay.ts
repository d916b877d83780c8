/** Inside a lab's network: `relay.ts SOCKET ADDRESS PORT …` carries what comes by each socket to that place. Ends with its input. */
import { connect, createServer } from 'node:net';

/** A host without power answers nothing at all. */
const CONNECT_MS = 1500;

const relay = (path: string, host: string, port: number): void => {
  createServer({ allowHalfOpen: false }, (near) => {
    const far = connect({ host, port });
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    const timer = setTimeout(end, CONNECT_MS);
    far.once('connect', () => clearTimeout(timer));
    for (const socket of [near, far]) {
      socket.on('error', end);
      socket.once('close', end);
    }
    near.pipe(far);
    far.pipe(near);
  }).listen(path);
};

const args = process.argv.slice(2);
for (let at = 0; at + 2 < args.length; at += 3) relay(args[at] ?? '', args[at + 1] ?? '', Number(args[at + 2]));
process.stdin.on('end', () => process.exit(0)).resume();
