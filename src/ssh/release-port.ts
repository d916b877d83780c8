/** Frees a port of the loopback that a lost session of sshd still holds for its client. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTENS = '0A';
const LOOPBACK = '0100007F';

const lines = (path: string): readonly string[] => {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch {
    return [];
  }
};

/** Inodes of the sockets that listen on 127.0.0.1 at that port. */
const inodesOf = (port: number): ReadonlySet<string> => {
  const local = `${LOOPBACK}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const fields = lines('/proc/net/tcp').map((line) => line.trim().split(/\s+/));
  return new Set(fields.filter((row) => row[1] === local && row[3] === LISTENS).map((row) => row[9] ?? ''));
};

const holds = (pid: string, inodes: ReadonlySet<string>): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return inodes.has(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? 'none');
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
};

/**
 * Ends the sessions of sshd, and only such, that listen there: whoever asks for it has lost its own. Returns how many there were.
 * Without a word from the client sshd would hold the port for hours.
 */
export const releasePort = (port: number): number => {
  const inodes = inodesOf(port);
  if (inodes.size === 0) return 0;
  const sessions = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => /^sshd(-session)?$/.test(lines(`/proc/${pid}/comm`)[0] ?? ''))
    .filter((pid) => holds(pid, inodes));
  for (const pid of sessions) {
    try {
      process.kill(Number(pid), 'SIGTERM');
    } catch {
      // It ended by itself.
    }
  }
  return sessions.length;
};
