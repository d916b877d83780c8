import { createHash } from 'node:crypto';
import type { Config } from '../config/config.ts';

/** Of a configuration with everything filled in: the agent's and the checker's are compared by it. */
export const digestOf = (config: Config): string => createHash('sha256').update(JSON.stringify(config)).digest('hex');
