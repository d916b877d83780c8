/** Checks of the devices that turn the other node off: asked for their power's state, never for more. */
import { createAskDevice, type FenceDevice } from '../../fencing/device.ts';
import { parameterTroubles, readMetadata } from '../../fencing/metadata.ts';
import type { Around } from '../around.ts';
import { type Definition, failed, notApplicable, PACE, passed } from '../check.ts';

const NONE = 'no device turns the other node off';

const devicesOf = ({ config }: Pick<Around, 'config'>): readonly FenceDevice[] =>
  (config.fencing?.levels ?? []).flatMap(({ devices }) => devices);

/** Everything that is wrong with one device by its agent's own words. */
const troublesOf = async (device: FenceDevice, around: Around, signal: AbortSignal): Promise<readonly string[]> => {
  const xml = await createAskDevice(around.run).metadata(device, signal);
  if (!xml.ok) return [`${xml.error.message} ${xml.error.remedy}`];
  const about = readMetadata(xml.value);
  return about.ok ? parameterTroubles(device, about.value) : [`${device.agent}: ${about.error.message}`];
};

const parametersKnown: Definition = {
  id: 'fence-parameters-known',
  about: 'Every parameter of a fence device is one that its agent knows, and none that it needs is missing.',
  severity: 'critical',
  scope: 'node',
  ...PACE.rare,
  remedy: 'Correct `fencing` in the configuration; `dualtone fence metadata` lists what each agent knows.',
  try: async (around, signal) => {
    const devices = devicesOf(around);
    if (devices.length === 0) return notApplicable(NONE);
    const found = await Promise.all(devices.map((device) => troublesOf(device, around, signal)));
    const troubles = found.flatMap((each, index) => each.map((text) => `${devices[index]?.name}: ${text}`));
    return troubles.length > 0
      ? failed(troubles.join('; '))
      : passed(`${devices.length} devices, every parameter known`);
  },
};

const devicesAnswer: Definition = {
  id: 'fence-devices-answer',
  about: 'Every fence device answers from this node and says that the other node is on.',
  severity: 'critical',
  scope: 'node',
  // A management board that is asked too often is a slow one.
  ...PACE.rare,
  remedy: 'See its network, address, user and password file: `dualtone fence status`.',
  try: async (around, signal) => {
    const devices = devicesOf(around);
    if (devices.length === 0) return notApplicable(NONE);
    const ask = createAskDevice(around.run);
    const words = await Promise.all(devices.map((device) => ask.power(device, signal)));
    const troubles = words.flatMap((word) => (word.ok ? [] : [word.error.message]));
    if (troubles.length > 0) return failed(troubles.join(' '));
    const off = devices.filter((_device, index) => words[index]?.ok === true && words[index].value === 'off');
    const peer = await around.peer.facts();
    // The other node's own checker has just spoken: it is on, whatever the device says.
    if (off.length > 0 && peer.ok)
      return failed(
        `${off.map(({ name }) => name).join(', ')} says that ${around.config.peer.name} is off, and it is heard: the device is wrong, or is another machine's.`,
        'Look which machine it switches; until then it would prove what is not so.',
      );
    return passed(
      devices
        .map(({ name }, index) => `${name} says ${words[index]?.ok === true ? words[index].value : '?'}`)
        .join(', '),
    );
  },
};

export const fencingChecks: readonly Definition[] = [parametersKnown, devicesAnswer];
