/** What the agent answers to work, in the shapes of the real one. */
export const workResults: Readonly<Record<string, unknown>> = {
  loss: {
    move: 'takeover',
    exceedsLimit: true,
    text: 'Three messages.',
    items: [{ stream: 'voicemail', text: 'Three messages.' }],
  },
  replicate: [
    {
      stream: 'files',
      startedAt: 0,
      tookMs: 2340,
      changed: 14,
      bytes: 3_400_000,
      text: '14 files were brought.',
      warnings: [{ code: 'x', message: 'The folder /srv/moh does not exist.', remedy: 'Make it, or take it out.' }],
    },
    { stream: 'voicemail', startedAt: 0, tookMs: 180, changed: 2, bytes: 88_000, text: '2 messages.', warnings: [] },
  ],
  'merge-report': {
    number: 3,
    createdAt: 0,
    lastAt: 0,
    phase: 'first',
    settled: false,
    failed: [{ part: 'voicemail', error: { code: 'x', message: 'The disk is full.' } }],
    parts: [
      {
        part: 'call events',
        count: 1203,
        left: 12,
        what: '1,203 call events',
        conflicts: [],
        pending: [],
        refused: [],
        warnings: [],
      },
      {
        part: 'configuration',
        count: 1,
        left: 0,
        what: '1 change',
        conflicts: [{ item: 'user 12', text: 'both changed it; the newer name stands' }],
        pending: [{ id: 'c-7', text: 'user 14 was deleted on the standby' }],
        refused: [],
        warnings: ['The standby’s clock was 3 s ahead.'],
      },
    ],
  },
};
