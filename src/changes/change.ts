/** A change of this machine that can be taken back: what is wanted, what was there, what is there now. */

/** What is wanted. Paths are absolute. `after`: a program that makes others see it, also when it is taken back. */
export type Change =
  | {
      readonly kind: 'file';
      readonly path: string;
      /** UTF-8. */
      readonly text: string;
      /** Of a new file; an old one keeps its own. */
      readonly mode: number;
      /** Its content is never shown. */
      readonly secret: boolean;
      readonly after: readonly string[] | null;
      /** A new file has the owner of this one; null: of who runs this. */
      readonly like: string | null;
    }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  /** A value of the kernel, such as `net.ipv4.ip_nonlocal_bind`; a file says so to the next boot. */
  | { readonly kind: 'sysctl'; readonly key: string; readonly value: string }
  /** A unit of systemd that starts at boot; `restart` begins it anew where it runs. */
  | { readonly kind: 'unit'; readonly unit: string; readonly start: 'start' | 'restart' | 'leave' }
  /** What running leaves behind, and only taking back removes. Nothing is done now. */
  | { readonly kind: 'remainder'; readonly name: string; readonly remove: readonly string[] };

/** What is there: comparable as text, and enough to put it back. Null: nothing. */
export type Found =
  | { readonly kind: 'file'; readonly text: string; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly kind: 'directory' }
  | { readonly kind: 'sysctl'; readonly value: string }
  | { readonly kind: 'unit'; readonly enabled: boolean; readonly active: boolean }
  | null;

/** One name for each thing that can be changed. */
export const idOf = (change: Change): string => {
  switch (change.kind) {
    case 'file':
    case 'directory':
      return `${change.kind}:${change.path}`;
    case 'sysctl':
      return `sysctl:${change.key}`;
    case 'unit':
      return `unit:${change.unit}`;
    case 'remainder':
      return `remainder:${change.name}`;
  }
};

/** What is compared to tell whether a thing is as it was left: not its owner, and not whether a unit happens to run. */
export const essence = (found: Found): string => {
  if (found === null) return 'nothing';
  switch (found.kind) {
    case 'file':
      return `file ${found.text}`;
    case 'directory':
      return 'directory';
    case 'sysctl':
      return `value ${found.value}`;
    case 'unit':
      return found.enabled ? 'enabled' : 'disabled';
  }
};

/** What will be there once the change is made. */
export const aimOf = (change: Change): string => {
  switch (change.kind) {
    case 'file':
      return `file ${change.text}`;
    case 'directory':
      return 'directory';
    case 'sysctl':
      return `value ${change.value}`;
    case 'unit':
      return 'enabled';
    case 'remainder':
      return 'nothing';
  }
};
