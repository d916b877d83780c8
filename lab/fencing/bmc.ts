/** A server's management board: a real IPMI simulator (OpenIPMI's `ipmi_sim`) in a network place of its own, wired to the power of a lab host. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import type { Lab } from '../lab.ts';
import { hostOf, powerFolder, powerLogin } from './places.ts';

const chassis = fileURLToPath(new URL('chassis.sh', import.meta.url));
const AUTHENTICATION = 'none md2 md5 straight';

const lanText = (address: string, wires: readonly string[]): string => `name "bmc"
set_working_mc 0x20
  startlan 1
    addr ${address} 623
    priv_limit admin
    allowed_auths_admin ${AUTHENTICATION}
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${wires.join(' ')}"
  user 2 true "${powerLogin.user}" "${powerLogin.password}" admin 10 ${AUTHENTICATION}
`;

const EMULATED =
  'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n';

/** Starts it; it ends with its host. `group`: the control group of everything that its server runs. Fault: `host-off`. */
export const startBmc = async (lab: Lab, role: Role, group: string): Promise<Result<void>> => {
  const host = lab.host(hostOf('bmc', role));
  const folder = powerFolder(lab.runId);
  const at = (name: string): string => join(folder, `${host.name}.${name}`);
  await mkdir(at('state'), { recursive: true });
  await writeFile(at('lan'), lanText(host.address.v4, [chassis, folder, role, group, '0x20']), { mode: 0o600 });
  await writeFile(at('emu'), EMULATED);
  const child = await host.spawn(['ipmi_sim', '-c', at('lan'), '-f', at('emu'), '-s', at('state'), '-n'], {
    stdio: 'ignore',
  });
  if (!child.ok) return child;
  child.value.unref();
  return ok(undefined);
};
