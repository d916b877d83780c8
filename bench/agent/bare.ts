/** `bare.ts PORT OTHER`: does nothing but what no agent can do without. Ten times a second it sends three datagrams of a heartbeat's size, and hears three. */
import { createSocket } from 'node:dgram';

const [, , own = '', other = ''] = process.argv;
const socket = createSocket({ type: 'udp4', lookup: (address, _options, done) => done(null, address, 4) });
const heartbeat = Buffer.alloc(480);
socket.on('message', () => undefined);
socket.bind(Number(own), '127.0.0.1', () => {
  setInterval(() => {
    for (let sent = 0; sent < 3; sent += 1) socket.send(heartbeat, Number(other), '127.0.0.1');
  }, 100);
});
