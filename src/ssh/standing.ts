/** Whether a connection that is kept open stands, without a word to the other machine. */
import { connect } from 'node:net';

/** Somebody hears at its control socket: ssh ends within three seconds of a loss, and its socket with it. */
export const connectionStands = (controlPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(controlPath);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
