import { createSocket } from 'node:dgram';

/**
 * A program: asks with SIP OPTIONS every 10 ms, from one address to another, and prints the first answer's status line, or
 * nothing after so many attempts. Usage: ask-options.ts FROM TO ATTEMPTS
 */
const [from = '', to = '', attemptsText = '1'] = process.argv.slice(2);
const attempts = Number(attemptsText);
const socket = createSocket('udp4');

const question = (count: number, port: number): string =>
  [
    `OPTIONS sip:lab@${to} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from}:${port};branch=z9hG4bK-lab-${process.pid}-${count}`,
    `From: <sip:lab@${from}>;tag=${process.pid}`,
    `To: <sip:lab@${to}>`,
    `Call-ID: lab-${process.pid}-${count}`,
    `CSeq: ${count} OPTIONS`,
    'Max-Forwards: 70',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');

socket.on('message', (bytes) => {
  process.stdout.write(`${bytes.toString('latin1').split('\r\n', 1)[0]}\n`);
  process.exit(0);
});
// A refused port is an answer to an earlier question, and no reason to stop asking.
socket.on('error', () => undefined);
socket.bind(0, from, () => {
  const { port } = socket.address();
  let count = 0;
  setInterval(() => {
    count += 1;
    if (count > attempts + 20) process.exit(0);
    if (count <= attempts) socket.send(question(count, port), 5060, to, () => undefined);
  }, 10);
});
