/** Runs one step on the host where it is started: `step-driver.ts service|hook OPTIONS-AS-JSON DIRECTION`; prints the outcome as JSON. */

import type { StepDirection } from '../../src/core/effect.ts';
import { createHookStep, type HookOptions } from '../../src/steps/hook.ts';
import { createServiceStep, type ServiceOptions } from '../../src/steps/service/service.ts';

const [kind, json = '', direction = ''] = process.argv.slice(2);
const step =
  kind === 'hook'
    ? createHookStep({ ...(JSON.parse(json) as Omit<HookOptions, 'epoch'>), epoch: () => 7 })
    : createServiceStep(JSON.parse(json) as ServiceOptions);
const preview = await step.preview(direction as StepDirection);
const outcome = await step.run(direction as StepDirection, new AbortController().signal);
console.log(JSON.stringify({ ...outcome, preview }));
