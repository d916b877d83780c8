import type { Scenario } from '../../scenarios/scenario.ts';
import { mainServes, order, pause, standbyServes } from '../phrases.ts';

/** A person says what shall be. */
export const orders: readonly Scenario[] = [
  {
    name: 'switchover',
    text: 'a person moves service to the standby',
    deeds: [order('main', 'switchover'), standbyServes],
    expected: { serving: 'standby', outageMsMost: 400, inboundOutageMsMost: 600, twoServing: 'none', moves: 1 },
    goal: { p50Ms: 50, p99Ms: 150 },
  },
  {
    name: 'switchover-with-calls',
    text: 'a person moves service when idle: the call goes on until it ends, and only then service moves',
    inbound: false,
    deeds: [
      { do: 'call', from: '1001', to: '800' },
      // Calls are counted twice a second.
      pause(1000),
      {
        do: 'order',
        on: 'main',
        argv: ['switchover', '--when-idle', '--max-wait', '30s'],
        inBackground: true,
      },
      pause(2500),
      { do: 'wait', serving: 'main', withinMs: 100 },
      { do: 'hang-up' },
      standbyServes,
    ],
    expected: {
      serving: 'standby',
      outageMsMost: 400,
      twoServing: 'none',
      moves: 1,
      callsCut: 0,
      voicePauseMsMost: 100,
    },
    goal: { p50Ms: 50, p99Ms: 150 },
  },
  {
    name: 'failback',
    text: 'the standby serves, and a person gives service back to the main',
    prepare: [order('main', 'switchover'), standbyServes, pause(1500)],
    deeds: [order('main', 'failback'), mainServes],
    expected: { serving: 'main', outageMsMost: 400, inboundOutageMsMost: 600, twoServing: 'none', moves: 1 },
    goal: { p50Ms: 50, p99Ms: 150 },
  },
  {
    name: 'manual-mode',
    text: 'in manual mode the main dies: nobody serves until a person says so; the main that returns stays passive',
    deeds: [
      order('main', 'mode', 'manual'),
      pause(500),
      { do: 'fault', fault: { kind: 'power-loss', host: 'main' } },
      { do: 'wait', serving: 'nobody', withinMs: 1000 },
      pause(1500),
      { do: 'wait', serving: 'nobody', withinMs: 100 },
      order('standby', 'start', '--confirm', 'main'),
      standbyServes,
      { do: 'boot', hosts: ['main'] },
      pause(3000),
    ],
    expected: { serving: 'standby', outageMsMost: 6000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'maintenance',
    text: 'in maintenance the main’s Asterisk crashes: service stays and comes back with it',
    deeds: [
      order('main', 'maintenance', 'on', '--for', '5m', '--reason', 'lab'),
      pause(300),
      { do: 'fault', fault: { kind: 'crash', host: 'main', unit: 'asterisk.service' } },
      { do: 'wait', serving: 'nobody', withinMs: 1000 },
      mainServes,
    ],
    expected: { serving: 'main', outageMsMost: 6000, twoServing: 'none', moves: 0 },
  },
  {
    name: 'upgrade-restart',
    text: 'agents and checkpoint are restarted one after the other, as by an upgrade; a call goes on, nobody notices',
    inbound: false,
    deeds: [
      { do: 'call', from: '1001', to: '800' },
      { do: 'systemctl', on: 'standby', argv: ['restart', 'dualtone.service'] },
      pause(2500),
      { do: 'systemctl', on: 'checkpoint1', argv: ['restart', 'dualtone-checkpoint.service'] },
      pause(2500),
      { do: 'systemctl', on: 'main', argv: ['restart', 'dualtone.service'] },
      pause(2500),
      { do: 'hang-up' },
    ],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0, callsCut: 0, voicePauseMsMost: 100 },
    goal: { p50Ms: 0, p99Ms: 0 },
  },
];
