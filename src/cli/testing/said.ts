/** What a command says, instead of to a terminal. */
import { styleFor } from '../render/style.ts';
import type { Output } from '../target.ts';

export interface Said {
  readonly output: Output;
  /** So far, without colours. */
  now(): { readonly out: string; readonly err: string };
}

export const createSaid = (): Said => {
  const said = { out: '', err: '' };
  return {
    output: {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
      style: styleFor({ isTTY: false }),
    },
    now: () => ({ ...said }),
  };
};
