/** Where former values of XiVO's are kept, below Dualtone's state. */
export const RECORD_NAME = 'xivo-changes.json';
