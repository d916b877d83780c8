import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketOf } from './access.ts';

test('the default socket is found where Debian’s servers have it, old and new; another is taken as it is', () => {
  const only =
    (there: string) =>
    (path: string): boolean =>
      path === there;
  const usual = '/run/mysqld/mysqld.sock';
  assert.equal(socketOf(usual, only(usual)), usual);
  assert.equal(socketOf(usual, only('/run/mariadbd/mysqld.sock')), '/run/mariadbd/mysqld.sock');
  assert.equal(socketOf(usual, only('')), usual);
  assert.equal(socketOf('/srv/my.sock', only(usual)), '/srv/my.sock');
});
