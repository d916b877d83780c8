/** From the configuration to the adapters of the plan's steps, by the ids that `planOf` gives them. */
import type { Config } from '../config/config.ts';
import type { Clock, StepAdapter } from '../ports.ts';

export const stepAdaptersOf = (_config: Config, _clock: Clock): ReadonlyMap<string, StepAdapter> => new Map();
