/** A real IPMI simulator (OpenIPMI's `ipmi_sim`, Debian's `openipmi`) at loopback; its chassis' power is a process of the test, which a power-off kills. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FenceDevice } from '../device.ts';

export interface IpmiSimulator {
  device(change?: Partial<FenceDevice>): FenceDevice;
  stop(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
};

/** Called by the simulator as `chassis get power …` and `chassis set power 0`; the machine is the process whose id is in the file. */
const CHASSIS = `#!/bin/sh
machine=$(cat "$1/machine")
case "$3" in
get) kill -0 "$machine" 2>/dev/null && echo power:1 || echo power:0 ;;
set)
  shift 3
  while [ $# -gt 1 ]; do
    [ "$1 $2" = 'power 0' ] && kill -KILL "$machine" 2>/dev/null
    [ "$1 $2" = 'power 1' ] && : > "$0.on"
    shift 2
  done ;;
esac
exit 0
`;

const lanOf = (folder: string, port: number, password: string): string => `name "sim"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${folder}/chassis.sh ${folder} 0x20"
  user 2 true "dualtone" "${password}" admin 10 none md2 md5 straight
`;

const EMULATED =
  'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n';

/** `machine`: the process that is the machine. Listens when this returns or soon after: agents try again. */
export const startIpmiSimulator = async (
  folder: string,
  machine: ChildProcess,
  password: string,
): Promise<IpmiSimulator> => {
  const port = await freePort();
  mkdirSync(join(folder, 'state'), { recursive: true });
  writeFileSync(join(folder, 'machine'), String(machine.pid));
  writeFileSync(join(folder, 'chassis.sh'), CHASSIS);
  chmodSync(join(folder, 'chassis.sh'), 0o755);
  writeFileSync(join(folder, 'lan.conf'), lanOf(folder, port, password));
  writeFileSync(join(folder, 'sim.emu'), EMULATED);
  writeFileSync(join(folder, 'password'), password, { mode: 0o600 });
  const at = (name: string): string => join(folder, name);
  const child = spawn('ipmi_sim', ['-c', at('lan.conf'), '-f', at('sim.emu'), '-s', at('state'), '-n'], {
    stdio: 'ignore',
  });
  const gone = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
  return {
    device: (change = {}) => ({
      name: 'bmc',
      agent: 'fence_ipmilan',
      // The simulator does not tell its cipher suites; an agent that asks for them waits for a quarter of a minute.
      options: ['ip=127.0.0.1', `ipport=${port}`, 'lanplus=1', 'cipher=3', 'username=dualtone'],
      secrets: [{ option: 'password', file: at('password') }],
      timeoutMs: 30_000,
      ...change,
    }),
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
};
