/** Spools as values, for the properties of the plan. */
import * as fc from 'fast-check';
import { type Manifest, manifestOf } from '../manifest.ts';
import type { MergePlan } from '../merge.ts';
import { type Folder, folders, keyOf, type Mailbox, type Message, nameOf, type Spool } from '../spool.ts';

export interface ModelMessage {
  readonly folder: Folder;
  readonly digest: string;
}

export interface ModelMailbox {
  readonly messages: Readonly<Record<string, ModelMessage>>;
  readonly greetings: Readonly<Record<string, string>>;
}

export type Model = Readonly<Record<string, ModelMailbox>>;

const messageOf = (id: string, { folder, digest }: ModelMessage, index: number): Message => ({
  id,
  folder,
  digest,
  number: index,
  formats: ['wav'],
  origtime: 1_000 + index,
  inode: `${id} ${folder}`,
  bytes: 100,
  alsoIn: [],
});

const mailboxOf = (key: string, { messages, greetings }: ModelMailbox): Mailbox => ({
  ...nameOf(key),
  messageById: new Map(
    Object.entries(messages).map(([id, message], index) => [id, messageOf(id, message, index)] as const),
  ),
  greetingByName: new Map(Object.entries(greetings)),
  folders: new Set(folders),
  uncertain: false,
});

export const spoolOf = (model: Model): Spool => ({
  mailboxByKey: new Map(Object.entries(model).map(([key, mailbox]) => [key, mailboxOf(key, mailbox)])),
  troubles: [],
});

export const ancestorOf = (model: Model): Manifest => manifestOf(spoolOf(model), 1);

/** What the plan makes of the main. Fails when an action does not fit what is there. */
export const carryOut = (main: Model, plan: MergePlan): Model => {
  const after = new Map(
    Object.entries(main).map(([key, { messages, greetings }]) => [
      key,
      { messages: new Map(Object.entries(messages)), greetings: new Map(Object.entries(greetings)) },
    ]),
  );
  for (const action of plan.actions) {
    const mailbox = after.get(keyOf(action)) ?? { messages: new Map(), greetings: new Map() };
    after.set(keyOf(action), mailbox);
    if (action.kind === 'greeting') {
      if (action.digest === null) mailbox.greetings.delete(action.name);
      else mailbox.greetings.set(action.name, action.digest);
    }
    if (!('id' in action) || action.kind === 'keep') continue;
    const there = mailbox.messages.get(action.id);
    if ((action.kind === 'add') === (there !== undefined)) throw new Error(`${action.kind} ${action.id} does not fit`);
    if (action.kind === 'delete') mailbox.messages.delete(action.id);
    else if (action.kind === 'move')
      mailbox.messages.set(action.id, { digest: there?.digest ?? '', folder: action.to });
    else mailbox.messages.set(action.id, { folder: action.folder, digest: action.source.digest });
  }
  return Object.fromEntries(
    [...after].map(([key, { messages, greetings }]) => [
      key,
      { messages: Object.fromEntries(messages), greetings: Object.fromEntries(greetings) },
    ]),
  );
};

/** What stands at three sides about one message or greeting; null: nothing. */
type Sides<T> = readonly [T | null, T | null, T | null];

const place = fc.constantFrom<Folder>('INBOX', 'Old', 'Work', 'Friends', 'Urgent', 'Deleted');

/** Half of the messages nobody touched in any way but one. */
const messageSides: fc.Arbitrary<Sides<ModelMessage>> = fc
  .record({
    places: fc.tuple(place, place, place),
    at: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    changed: fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 })),
    still: fc.tuple(fc.boolean(), fc.boolean()),
  })
  .map(({ places, at, changed, still }) => {
    const ancestor = at[0] ? { folder: places[0], digest: 'as-it-was' } : null;
    const side = (index: 0 | 1): ModelMessage | null => {
      if (still[index] && ancestor !== null) return ancestor;
      const folder = places[index + 1] ?? 'INBOX';
      // Contents hardly ever change, and of what is new both sides know the same.
      return at[index + 1] === true ? { folder, digest: changed[index] === 0 ? `by-${index}` : 'as-it-was' } : null;
    };
    return [ancestor, side(0), side(1)] as const;
  });

const greetingSides: fc.Arbitrary<Sides<string>> = fc.tuple(
  fc.constantFrom(null, 'a', 'b'),
  fc.constantFrom(null, 'a', 'b', 'c'),
  fc.constantFrom(null, 'a', 'b', 'd'),
);

export interface ThreeModels {
  readonly ancestor: Model;
  readonly main: Model;
  readonly standby: Model;
}

const pick = <T>(all: Readonly<Record<string, Sides<T>>>, side: 0 | 1 | 2): Readonly<Record<string, T>> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, sides]) => {
      const value = sides[side];
      return value === null ? [] : [[name, value] as const];
    }),
  );

/** Three states of some mailboxes that came apart in any way. */
export const threeModels: fc.Arbitrary<ThreeModels> = fc
  .dictionary(
    fc.constantFrom('default/1000', 'default/1001', 'sales/1000'),
    fc.record({
      messages: fc.dictionary(
        fc.nat({ max: 20 }).map((id) => `17000000${id}-0.facts${id}`),
        messageSides,
        { maxKeys: 8 },
      ),
      greetings: fc.dictionary(fc.constantFrom('unavail', 'busy', 'greet'), greetingSides),
    }),
    { minKeys: 1 },
  )
  .map((mailboxes) => {
    const side = (index: 0 | 1 | 2): Model =>
      Object.fromEntries(
        Object.entries(mailboxes).map(([key, { messages, greetings }]) => [
          key,
          { messages: pick(messages, index), greetings: pick(greetings, index) },
        ]),
      );
    return { ancestor: side(0), main: side(1), standby: side(2) };
  });
