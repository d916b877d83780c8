import type { ServiceConfig } from '../../config/config.ts';
import type { Service } from './service.ts';

/** What is started and stopped, as the configuration has it. */
export const serviceOf = (service: ServiceConfig): Service => {
  if ('unit' in service) return { kind: 'unit', unit: service.unit };
  if ('init' in service) return { kind: 'init', script: service.init };
  if ('compose' in service) return { kind: 'compose', directory: service.compose };
  return { kind: 'command', commands: service.command };
};
