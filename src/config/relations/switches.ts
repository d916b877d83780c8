import { canonical } from '../canonical.ts';
import type { Config } from '../config.ts';
import type { Clash } from './clash.ts';
import { dnsClashes } from './dns.ts';

type Switches = Config['switches'];

const edgeClashes = ({ edge }: Switches): readonly Clash[] => {
  if (edge === null) return [];
  const clashes: Clash[] = [];
  const { main, standby } = edge;
  if (canonical(main.xivo) === canonical(standby.xivo))
    clashes.push({
      path: ['switches', 'edge', 'standby', 'xivo'],
      message: `${standby.xivo} is also the main's: there would be nothing to switch`,
      remedy: "give each node's own address; with a virtual IP in Edge's file leave `switches.edge` out",
    });
  if ((main.contactCentre === null) !== (standby.contactCentre === null))
    clashes.push({
      path: ['switches', 'edge', main.contactCentre === null ? 'main' : 'standby', 'contact-centre'],
      message: 'one side has a contact centre and the other none',
      remedy: 'give both, the same one where both sides share it, or neither',
    });
  const sides = [main.xivo, main.contactCentre].map((each) => each && canonical(each));
  const crossed = [standby.xivo, standby.contactCentre].some((each, index) => {
    const other = sides[1 - index] ?? null;
    return each !== null && other !== null && canonical(each) === other;
  });
  if (crossed)
    clashes.push({
      path: ['switches', 'edge'],
      message: "one side's node is the other side's contact centre: a list could not be switched back",
      remedy: 'see which address is whose',
    });
  return clashes;
};

const centreClashes = ({ contactCentre }: Switches): readonly Clash[] => {
  if (contactCentre === null) return [];
  const { main, standby } = contactCentre;
  if (main === null && standby === null)
    return [
      {
        path: ['switches', 'contact-centre'],
        message: 'neither side has a host',
        remedy: 'give `main`, `standby` or both, or leave the section out',
      },
    ];
  const isShared =
    main !== null &&
    standby !== null &&
    main.port === standby.port &&
    canonical(main.address) === canonical(standby.address);
  if (isShared && contactCentre.passive === 'stop')
    return [
      {
        path: ['switches', 'contact-centre', 'passive'],
        message: 'both sides share one host: the passive side would stop what the active one uses',
        remedy: 'set it to run',
      },
    ];
  return [];
};

const boxClashes = ({ berofos }: Switches): readonly Clash[] => {
  const seen = new Set<string>();
  return (berofos?.boxes ?? []).flatMap(({ name, address, port }, index): readonly Clash[] => {
    const place = `${canonical(address)} ${port}`;
    const isTwice = seen.has(name) || seen.has(place);
    seen.add(name).add(place);
    if (!isTwice) return [];
    return [
      {
        path: ['switches', 'berofos', 'boxes', index],
        message: `a box ${name} or one at ${address} port ${port} is given twice`,
        remedy: 'give each box once, with a name of its own',
      },
    ];
  });
};

const programClashes = ({ programs }: Switches): readonly Clash[] =>
  programs.flatMap(({ name }, index): readonly Clash[] =>
    programs.findIndex((each) => each.name === name) === index
      ? []
      : [
          {
            path: ['switches', 'programs', index, 'name'],
            message: `two programs are called ${name}`,
            remedy: 'give each a name of its own',
          },
        ],
  );

/** Contradictions between keys of `switches`. */
export const switchClashes = (switches: Switches): readonly Clash[] => [
  ...dnsClashes(switches),
  ...edgeClashes(switches),
  ...centreClashes(switches),
  ...boxClashes(switches),
  ...programClashes(switches),
];
