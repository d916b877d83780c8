/** The last events, so that who was away for a moment misses none. Bounded in number and bytes. */
export interface Ring {
  /** The event as it travels. */
  add(name: string, data: string): string;
  /** What came after `id`; null: that is not known any more. */
  since(id: string): readonly string[] | null;
  last(): string;
}

interface Kept {
  readonly number: number;
  readonly text: string;
}

const MOST = 512;
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** One event as it travels. */
export const eventText = (name: string, id: string, data: string): string =>
  `event: ${name}\nid: ${id}\ndata: ${data}\n\n`;

/** `life`: of this process, so that another's ids are not mistaken. */
export const createRing = (life: string): Ring => {
  const kept: Kept[] = [];
  let number = 0;
  let characters = 0;
  return {
    add: (name, data) => {
      number += 1;
      const id = `${life}-${number}`;
      const text = eventText(name, id, data);
      kept.push({ number, text });
      characters += text.length;
      while (kept.length > MOST || (characters > MOST_CHARACTERS && kept.length > 1))
        characters -= kept.shift()?.text.length ?? 0;
      return text;
    },
    since: (id) => {
      const match = /^([0-9a-f]{1,32})-(\d{1,15})$/.exec(id);
      if (match?.[1] !== life) return null;
      const after = Number(match[2]);
      if (after > number || after < (kept[0]?.number ?? number + 1) - 1) return null;
      return kept.filter((each) => each.number > after).map(({ text }) => text);
    },
    last: () => `${life}-${number}`,
  };
};
