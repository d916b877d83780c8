/** What a phone of a XiVO or Wazo finds that restarts while the main is gone: an address by DHCP, its configuration, its directory. */
import type { Config } from '../../config/config.ts';
import { ok, type Result } from '../../core/result.ts';
import { isRecord } from '../../core/words.ts';
import { localDatabase, readSecret } from '../../replication/access.ts';
import { textOf } from '../../xivo/enable/provd.ts';
import { type Definition, failed, notApplicable, PACE, passed, unknown } from '../check.ts';
import { hostOf } from './network.ts';
import { type ProvdOf, usualProvd, withMainsProvd } from './phone-models.ts';

const ANSWER_MS = 4000;

/** What this node's database says of DHCP. */
export interface DhcpRow {
  readonly isOn: boolean;
  /** Where phones are sent for their configuration; null: it does not say. */
  readonly provisioning: string | null;
}

type ReadDhcp = (config: Config, signal: AbortSignal) => Promise<Result<DhcpRow>>;

/** With the schema: sessions have an empty `search_path`. */
export const DHCP_QUERY = `SELECT exists(SELECT FROM public.dhcp WHERE active = 1) AS "isOn", (SELECT net4_ip FROM public.provisioning LIMIT 1) AS provisioning`;

const readDhcp: ReadDhcp = async (config, signal) => {
  const password = readSecret(config.streams.database.passwordFile);
  if (!password.ok) return password;
  const { connectDatabase } = await import('../../replication/postgres/connection.ts');
  const access = { ...localDatabase(config, password.value), connectMs: ANSWER_MS, statementMs: ANSWER_MS };
  const opened = await connectDatabase(access, signal);
  if (!opened.ok) return opened;
  const rows = await opened.value.query<{ readonly isOn: boolean; readonly provisioning: string | null }>(DHCP_QUERY);
  await opened.value.close();
  if (!rows.ok) return rows;
  const [row] = rows.value;
  return ok({ isOn: row?.isOn === true, provisioning: textOf(row?.provisioning) });
};

const isVirtual = ({ virtualIp }: Config, address: string): boolean =>
  virtualIp?.addresses.some((cidr) => hostOf(cidr) === address) === true;

const provisioning = (read: ReadDhcp): Definition => ({
  id: 'xivo-restart-provisioned',
  about: 'A phone that restarts while this node serves is not sent to the other node for its configuration.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy:
    "In this node's provisioning settings (General) give its own address, the virtual IP, or that of a provisioning server of its own: the setting does not follow. Then `dhcpd-update -r`.",
  try: async ({ config }, signal) => {
    if (config.profile === 'asterisk') return notApplicable('it is no XiVO or Wazo');
    if (config.streams.database.mode === 'off') return notApplicable('no database follows');
    const dhcp = await read(config, signal);
    if (!dhcp.ok) return unknown(dhcp.error.message);
    const { isOn, provisioning: address } = dhcp.value;
    if (!isOn) return notApplicable('this node gives no addresses: DHCP is off in its database');
    if (address === null) return failed('DHCP is on, and no provisioning address is set');
    if (address === config.peer.address)
      return failed(`they are sent to ${address}, which is ${config.peer.name}: each waits for it in vain first`);
    if (address !== config.node.address) return passed(`they are sent to ${address}, which is neither node's own`);
    return config.node.role === 'main'
      ? passed(`they are sent here, to ${address}`)
      : passed(`they are sent here, to ${address}: a phone keeps the configuration that it has, a new one gets none`);
  },
});

const DIRECTORY = 'X_xivo_phonebook_ip';

const directory = (provdOf: ProvdOf): Definition => ({
  id: 'xivo-directory-moves',
  about: 'The remote directory of the phones is asked at an address that serves both nodes.',
  severity: 'advice',
  scope: 'node',
  ...PACE.rare,
  remedy:
    'No address serves both nodes without a virtual IP: phones have no remote directory while the standby serves. Accept it (`checks.accept`), or use `virtual-ip`.',
  try: (around) =>
    withMainsProvd(around, provdOf, async (provd) => {
      const { config } = around;
      const configs = await provd.configs();
      if (!configs.ok) return unknown(configs.error.message);
      const asked = configs.value.flatMap(({ id, raw_config: raw }) => {
        const address = isRecord(raw) ? textOf(raw[DIRECTORY]) : null;
        return address === null ? [] : [{ id, address }];
      });
      if (asked.length === 0) return notApplicable('provisioning gives phones no directory');
      const fixed = asked.filter(({ address }) => [config.node.address, config.peer.address].includes(address));
      const [first] = fixed;
      if (first === undefined) {
        const all = [...new Set(asked.map(({ address }) => address))];
        const which = all.every((each) => isVirtual(config, each)) ? 'the virtual IP' : "neither node's own";
        return passed(`it is asked at ${all.join(', ')}: ${which}`);
      }
      const evidence = `${fixed.map(({ id }) => id).join(', ')}: it is asked at ${first.address}, and dead while that node is`;
      return config.virtualIp === null
        ? failed(evidence)
        : failed(
            evidence,
            `Set ${DIRECTORY} of these configurations to ${hostOf(config.virtualIp.addresses[0] ?? '')}, then \`dualtone xivo resync\`.`,
          );
    }),
});

export const createPhoneRestartChecks = (
  read: ReadDhcp = readDhcp,
  provdOf: ProvdOf = usualProvd,
): readonly Definition[] => [provisioning(read), directory(provdOf)];
