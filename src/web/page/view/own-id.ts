/** Ids that tie a label to its field. */
import { useState } from 'preact/hooks';

let given = 0;

/** Unlike Preact's own `useId`, which begins anew with each drawing of the whole page, it never gives the same twice. */
export const useOwnId = (): string => {
  const [id] = useState(() => {
    given += 1;
    return `own-${given}`;
  });
  return id;
};
