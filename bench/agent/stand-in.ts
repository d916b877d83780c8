/** Stands in for an Asterisk where only the asking is measured: answers OPTIONS on port 5060 and the manager's questions on 5038, of loopback. */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';

const headerOf = (text: string, name: string): string =>
  new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(text)?.[1] ?? '';

const kept = /^(?:Via|From|To|Call-ID|CSeq):/i;

const sip = createSocket('udp4');
sip.on('message', (bytes, from) => {
  const lines = bytes
    .toString('latin1')
    .split('\r\n')
    .filter((line) => kept.test(line));
  sip.send(['SIP/2.0 200 OK', ...lines, 'Content-Length: 0', '', ''].join('\r\n'), from.port, from.address);
});
sip.bind(5060, '127.0.0.1');

/** AstDB has one row, and nobody writes. */
const rowsFor = (command: string): readonly string[] => {
  if (command.includes('LIMIT min')) return [];
  return [`Output: dt : ${command.includes('LIMIT 1') ? '5 1 ' : ''}2F612F62 1 31`];
};

const answerTo = (action: string, text: string): readonly string[] => {
  switch (action.toLowerCase()) {
    case 'challenge':
      return ['Challenge: 1'];
    case 'ping':
      return ['Ping: Pong'];
    case 'corestatus':
      return ['CoreCurrentCalls: 0'];
    case 'command':
      return ['Message: Command output follows', ...rowsFor(headerOf(text, 'Command'))];
    default:
      return [];
  }
};

const serve = (socket: Socket): void => {
  let buffered = '';
  socket.on('error', () => socket.destroy());
  socket.write('Asterisk Call Manager/11.0.0\r\n');
  socket.setEncoding('latin1').on('data', (text: string) => {
    const actions = (buffered + text).split('\r\n\r\n');
    buffered = actions.pop() ?? '';
    for (const asked of actions) {
      const id = `ActionID: ${headerOf(asked, 'ActionID')}`;
      socket.write(['Response: Success', id, ...answerTo(headerOf(asked, 'Action'), asked), '', ''].join('\r\n'));
    }
  });
};

createServer(serve).listen(5038, '127.0.0.1');
