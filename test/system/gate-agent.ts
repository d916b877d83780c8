/** An agent that does nothing but renew: started by a test, to be killed. Arguments: gate settings as JSON, lease in ms. */
import { createGate } from '../../src/steps/gate/gate.ts';
import type { GateSettings } from '../../src/steps/gate/rules.ts';
import { testClock } from './namespace.ts';

const settings = JSON.parse(process.argv[2] ?? '') as GateSettings;
const ms = Number(process.argv[3]);
const gate = createGate({ settings, clock: testClock });
const opened = await gate.open();
if (!opened.ok) throw new Error(opened.error.message);

let round = 0;
const renew = async (): Promise<void> => {
  const slot = round % settings.slots;
  round += 1;
  await gate.apply({ type: 'arm', slot, ms });
  await gate.apply({ type: 'grant', slot });
};
await renew();
console.log('serving');
setInterval(() => void renew(), 50);
