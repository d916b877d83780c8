/** What a person has filled in of a pairing, what is wrong with it, and how it becomes a request. Pure. */
import { CHECKPOINT_NAME, type InviteRequest, type JoinRequest, TOKEN_FORM } from '../../contract.ts';

export interface PairingDraft {
  readonly minutes: string;
  readonly checkpoint: string;
  readonly address: string;
  readonly confirm: string;
  readonly token: string;
  readonly from: string;
  readonly own: string;
}

export const EMPTY: PairingDraft = {
  minutes: '10',
  checkpoint: '',
  address: '',
  confirm: '',
  token: '',
  from: '',
  own: '',
};

/** By field the key of what is wrong with it, and how to mend it. */
export type PairingWrongs = Partial<
  Record<
    keyof PairingDraft,
    'pairing.wrong-minutes' | 'pairing.wrong-name' | 'pairing.wrong-address' | 'pairing.wrong-token'
  >
>;

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => String(Number(part)) === part && +part < 256);

/** Roughly: the node looks again. */
const isAddress = (text: string): boolean => isIpv4(text) || /^(?=.*:.*:)[0-9a-f:]{2,39}$/i.test(text);

/** Of what makes tokens. */
export const wrongInInvite = ({ minutes, checkpoint, address }: PairingDraft): PairingWrongs => ({
  ...(/^\d{1,2}$/.test(minutes.trim()) && +minutes >= 1 && +minutes <= 60 ? {} : { minutes: 'pairing.wrong-minutes' }),
  ...(CHECKPOINT_NAME.test(checkpoint.trim()) || (checkpoint.trim() === '' && address.trim() === '')
    ? {}
    : { checkpoint: 'pairing.wrong-name' }),
  ...(isAddress(address.trim()) || (checkpoint.trim() === '' && address.trim() === '')
    ? {}
    : { address: 'pairing.wrong-address' }),
});

/** Of what joins; an empty token is none yet. */
export const wrongInJoin = ({ token, from }: PairingDraft): PairingWrongs => ({
  ...(token.trim() === '' || TOKEN_FORM.test(token.trim()) ? {} : { token: 'pairing.wrong-token' }),
  ...(from.trim() === '' || isAddress(from.trim()) ? {} : { from: 'pairing.wrong-address' }),
});

export const inviteOf = ({ minutes, checkpoint, address, confirm }: PairingDraft, replace: boolean): InviteRequest => ({
  validMinutes: Number(minutes),
  ...(replace ? { replace, confirm } : {}),
  ...(checkpoint.trim() === '' ? {} : { checkpoint: { name: checkpoint.trim(), address: address.trim() } }),
});

export const joinOf = ({ token, from, own: confirm }: PairingDraft): JoinRequest => ({
  token: token.trim(),
  confirm,
  ...(from.trim() === '' ? {} : { address: from.trim() }),
});
