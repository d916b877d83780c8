/** What a person can pull out of a lab, and put back. */
import { fail, ok, type Result } from '../../src/core/result.ts';
import { inject, type LabFault, type Mend } from '../faults/fault.ts';
import type { Lab } from '../lab.ts';
import { agentUnit, pbxUnit } from '../units.ts';

/** `out`: it is pulled. `once`: it does its harm at once and has nothing to put back. */
export interface PlugView {
  readonly id: string;
  readonly en: string;
  readonly fr: string;
  readonly state: 'in' | 'out' | 'once';
}

export interface Plugs {
  readonly list: () => readonly PlugView[];
  /** Pulls it, or puts it back. Faults: `plug-unknown`, and those of the lab. */
  readonly set: (id: string, out: boolean) => Promise<Result<void>>;
  /** Everything in again. */
  readonly mendAll: () => Promise<Result<void>>;
}

interface Plug extends Omit<PlugView, 'state'> {
  readonly fault: LabFault;
  readonly once?: boolean;
}

const NODES = [
  { host: 'main', en: 'the main', fr: 'du principal' },
  { host: 'standby', en: 'the standby', fr: 'du secours' },
] as const;

const power = (host: string, en: string, fr: string): Plug => ({
  id: `power-${host}`,
  en: `Power of ${en}`,
  fr: `Courant ${fr}`,
  fault: { kind: 'power-loss', host },
});

const network = (host: string, en: string, fr: string): Plug => ({
  id: `network-${host}`,
  en: `Network of ${en}`,
  fr: `Réseau ${fr}`,
  fault: { kind: 'isolation', host },
});

const telephony = (host: string, en: string, fr: string): readonly Plug[] => [
  {
    id: `asterisk-kill-${host}`,
    en: `Kill Asterisk of ${en}`,
    fr: `Tuer l’Asterisk ${fr}`,
    fault: { kind: 'crash', host, unit: pbxUnit },
    once: true,
  },
  {
    id: `asterisk-freeze-${host}`,
    en: `Asterisk of ${en} runs`,
    fr: `L’Asterisk ${fr} tourne`,
    fault: { kind: 'hang', host, unit: pbxUnit },
  },
  {
    id: `agent-freeze-${host}`,
    en: `Agent of ${en} runs`,
    fr: `L’agent ${fr} tourne`,
    fault: { kind: 'hang', host, unit: agentUnit },
  },
];

const plugsOf = (lab: Pick<Lab, 'hostByName'>): readonly Plug[] => [
  ...NODES.map(({ host, en, fr }) => power(host, en, fr)),
  ...(lab.hostByName.has('checkpoint1') ? [power('checkpoint1', 'the checkpoint', 'du témoin')] : []),
  ...NODES.map(({ host, en, fr }) => network(host, en, fr)),
  {
    id: 'link',
    en: 'Link between the nodes',
    fr: 'Lien entre les nœuds',
    fault: { kind: 'cut', from: 'main', to: 'standby' },
  },
  ...NODES.flatMap(({ host, en, fr }) => telephony(host, en, fr)),
];

/** The plugs of a lab; those that are out go in again by `mendAll`. One is pulled after the other. */
export const createPlugs = (lab: Lab): Plugs => {
  const plugs = plugsOf(lab);
  const mendById = new Map<string, Mend>();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const putBack = async (id: string): Promise<Result<void>> => {
    const mend = mendById.get(id);
    mendById.delete(id);
    const mended = (await mend?.()) ?? ok(undefined);
    return mended.ok || mended.error.code === 'host-on' ? ok(undefined) : mended;
  };
  const pull = async (plug: Plug): Promise<Result<void>> => {
    if (mendById.has(plug.id)) return ok(undefined);
    const begun = await inject(lab, plug.fault);
    if (!begun.ok) return begun;
    if (plug.once !== true) mendById.set(plug.id, begun.value);
    return ok(undefined);
  };
  return {
    list: () =>
      plugs.map(({ id, en, fr, once }) => ({
        id,
        en,
        fr,
        state: once === true ? 'once' : mendById.has(id) ? 'out' : 'in',
      })),
    set: (id, out) =>
      inTurn(async () => {
        const plug = plugs.find((each) => each.id === id);
        if (plug === undefined) return fail('plug-unknown', `there is no plug ${id}`, 'ask for the list');
        return out ? await pull(plug) : await putBack(id);
      }),
    mendAll: () =>
      inTurn(async () => {
        const results: Result<void>[] = [];
        for (const id of [...mendById.keys()].toReversed()) results.push(await putBack(id));
        return results.find((result) => !result.ok) ?? ok(undefined);
      }),
  };
};
