/** Defaults of a preset, in the form of the file; the file's own keys win one by one. */
export const presetByName: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  /** XiVO's resilience: each minute 3 pings 10 s apart, one bad look is enough; back on the first good look. */
  classic: {
    watch: { kind: 'looks', every: '60s', 'bad-looks': 1, pings: 3, 'ping-gap': '10s' },
    failback: { policy: 'auto', hold: '0s' },
  },
  /** XiVO's first announcement: each 30 s one ping, two bad looks. */
  blog2012: {
    watch: { kind: 'looks', every: '30s', 'bad-looks': 2, pings: 1 },
    failback: { policy: 'auto', hold: '0s' },
  },
  /** REMSYS: each minute all checkpoints, five bad looks, only an all-good look resets; back by hand; files every two minutes. */
  remsys: {
    watch: { kind: 'looks', every: '60s', 'bad-looks': 5, pings: 1 },
    failback: { policy: 'manual' },
    // Providers have both addresses, and go on to the second where the first refuses.
    gate: { refuse: true },
    // Besides each change, where files follow.
    streams: { files: { schedule: { at: '*/2 * * * *' } } },
  },
  fast: {},
  /** For an arbiter in etcd: its disks answer in milliseconds at best, and an election takes a second or two. */
  etcd: {
    timing: {
      heartbeat: '250ms',
      promise: '3s',
      lease: '2800ms',
      ask: '1s',
      'head-start': '500ms',
    },
  },
  /** One quiet LAN: a burst of loss over 100 ms may cost a takeover. */
  quick: {
    timing: { heartbeat: '40ms', promise: '200ms', lease: '170ms' },
    probes: { period: '40ms', timeout: '100ms' },
  },
};
