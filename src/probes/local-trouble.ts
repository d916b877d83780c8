/** Errors that come from this machine rather than from the one that was asked: no evidence against it. */
const ownErrors = new Set([
  'EACCES',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENETDOWN',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOENT',
  'ENOMEM',
  'ENOTFOUND',
  'EAI_AGAIN',
  // A local firewall's drop on output.
  'EPERM',
]);

export const isOwnTrouble = (errno: string): boolean => ownErrors.has(errno);
