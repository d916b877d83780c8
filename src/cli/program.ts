/** Name and version, as status and the journal show them. */
export const VERSION = '0.1.0';
export const PROGRAM = `dualtone ${VERSION}`;
export const DEFAULT_CONFIG = '/etc/dualtone/dualtone.yaml';
export const DEFAULT_SOCKET = '/run/dualtone/control.sock';
export const DEFAULT_JOURNAL = '/var/lib/dualtone/journal';
