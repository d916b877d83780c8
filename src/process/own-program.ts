/** This program's own name, by which another may start it: the one beside its source or its bundle. */
export const ownProgram = (): string => `${(process.argv[1] ?? '').replace(/\/dualtone\.ts$/, '')}/dualtone`;
