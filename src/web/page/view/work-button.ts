/** A button that sets work going, and what keeps it from going. */

import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Fault, WebWork } from '../../contract.ts';
import { h } from './h.ts';
import { runningJobs } from './orders.ts';
import { Button, FaultBox } from './parts.ts';
import { useUi } from './ui.ts';

export const WorkButton = ({ work, label }: { readonly work: WebWork; readonly label: string }): VNode => {
  const { api, state, announce, t } = useUi();
  const [fault, setFault] = useState<Fault | null>(null);
  const start = async (): Promise<void> => {
    setFault(null);
    const result = await api.work(work);
    if (result.ok) announce(t('jobs.started'));
    else setFault(result.error);
  };
  const busy = runningJobs(state.jobs, work.name).length > 0;
  return h(
    'span',
    null,
    h(Button, { onClick: () => void start(), disabled: busy }, label),
    fault === null ? null : h(FaultBox, { fault }),
  );
};
