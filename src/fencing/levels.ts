/** Devices in order: of a level all must say off, since a server may have two power supplies; the next level is asked when one did not. */
import type { FenceOutcome } from '../core/event.ts';
import type { Instant } from '../core/words.ts';
import type { AskDevice, FenceDevice, Power } from './device.ts';

export interface Level {
  readonly devices: readonly FenceDevice[];
}

export interface FenceResult {
  readonly outcome: FenceOutcome;
  /** One line for people: each device that was asked and what it said. */
  readonly detail: string;
  /** The level that proved it, to be turned on again; null where none did. */
  readonly level: Level | null;
}

export interface FenceDesk {
  readonly ask: AskDevice;
  readonly now: () => Instant;
  /** Past it no device is asked to turn anything off. */
  readonly expiresAt: Instant;
  readonly signal: AbortSignal;
}

interface Word {
  readonly device: string;
  /** Null: it said nothing of the power. */
  readonly power: Power | null;
  readonly silent: boolean;
  readonly text: string;
}

const sayOf = (word: Word): string => (word.power === null ? word.text : `${word.device} says ${word.power}`);

const read = async (device: FenceDevice, { ask, signal }: FenceDesk): Promise<Word> => {
  const { name } = device;
  const said = await ask.power(device, signal);
  if (said.ok) return { device: name, power: said.value, silent: false, text: '' };
  const silent = ['fence-device-silent', 'program-aborted'].includes(said.error.code);
  return { device: name, power: null, silent, text: said.error.message.replace(/\.$/, '') };
};

/** Its power read by itself after the action, whatever the action's own end was. */
const turnOff = async (device: FenceDevice, desk: FenceDesk): Promise<Word> => {
  const told = await desk.ask.turn(device, 'off', desk.signal);
  const word = await read(device, desk);
  if (told.ok || word.power === 'off') return word;
  const text = told.error.message.replace(/\.$/, '');
  return word.power === 'on' ? { ...word, power: null, text: `${text}, and it says on` } : word;
};

const isProof = (words: readonly Word[]): boolean => words.every(({ power }) => power === 'off');

const ended = (outcome: FenceOutcome, words: readonly Word[], level: Level | null = null): FenceResult => ({
  outcome,
  detail: words.map(sayOf).join('; ') || 'no device was asked in time',
  level,
});

/** Turns the other node off; `off` only where the devices of a level all say so when asked afterwards. */
export const turnOffByLevels = async (levels: readonly Level[], desk: FenceDesk): Promise<FenceResult> => {
  const heard: Word[] = [];
  for (const level of levels) {
    if (desk.signal.aborted || desk.now() >= desk.expiresAt) break;
    const words = await Promise.all(level.devices.map((device) => turnOff(device, desk)));
    if (isProof(words)) return ended('off', words, level);
    heard.push(...words);
  }
  return ended(heard.some(({ silent }) => !silent) ? 'failed' : 'unknown', heard);
};

/** Reads the power, and changes nothing. */
export const readByLevels = async (levels: readonly Level[], desk: FenceDesk): Promise<FenceResult> => {
  const heard: Word[] = [];
  for (const level of levels) {
    const words = await Promise.all(level.devices.map((device) => read(device, desk)));
    if (isProof(words)) return ended('off', words, level);
    heard.push(...words);
    if (words.some(({ power }) => power === 'on')) return ended('on', words);
  }
  return ended(heard.some(({ silent }) => !silent) ? 'failed' : 'unknown', heard);
};
