import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plugRouted, type RoutedPlan, routerLines, routerRules } from './routed.ts';

const subnet = { v4: '10.99.0', v6: 'fd00:1:2:0' };
const hosts = [
  { name: 'main', octet: 11 },
  { name: 'standby', octet: 12 },
  { name: 'wan', octet: 74 },
];
const plan: RoutedPlan = {
  detour: { via: 'wan', between: ['main', 'standby'] },
  nat: { host: 'standby', octet: 112 },
};

test('each host is alone in its network, and reaches all others by the router', () => {
  const { router, host } = plugRouted(subnet, { name: 'main', octet: 11 }, 'dt-x-main', plan);
  assert.ok(router.includes('route replace 10.99.0.11/32 dev p-main'));
  assert.ok(host.includes('addr add 10.99.0.11/32 dev eth0'));
  assert.ok(host.includes('route add default via 10.99.0.1 dev eth0 onlink'));
  assert.ok(!router.some((line) => line.includes('table')));
});

test('what the sites send each other goes by the detour, in both directions and by its own table', () => {
  const lines = routerLines(subnet, hosts, plan);
  assert.ok(lines.includes('rule add iif p-main to 10.99.0.12 lookup 100'));
  assert.ok(lines.includes('rule add iif p-standby to 10.99.0.11 lookup 100'));
  const { router } = plugRouted(subnet, { name: 'wan', octet: 74 }, 'dt-x-wan', plan);
  assert.ok(router.includes('route replace default via 10.99.0.74 dev p-wan onlink table 100'));
});

test('one host is known by another address, and nothing is translated twice', () => {
  const rules = routerRules(subnet, hosts, plan);
  assert.match(rules, /ip daddr 10\.99\.0\.112 dnat to 10\.99\.0\.12/);
  assert.match(rules, /ip saddr 10\.99\.0\.12 snat to 10\.99\.0\.112/);
  assert.match(rules, /iifname "p-wan" notrack/);
  assert.throws(() => routerRules(subnet, [], plan), /no host standby/);
});
