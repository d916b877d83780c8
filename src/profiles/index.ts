import { asteriskProfile } from './asterisk/profile.ts';
import type { Profile } from './profile.ts';
import { wazoProfile } from './wazo/profile.ts';
import { xivoProfile } from './xivo/profile.ts';

export type { Profile };

export const profileByName: Readonly<Record<string, Profile>> = {
  asterisk: asteriskProfile,
  xivo: xivoProfile,
  wazo: wazoProfile,
};
