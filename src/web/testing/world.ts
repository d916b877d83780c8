/** Where tests of the page find the server. */
export { openWorld, ROLE_PASSWORD, type World } from '../keeper/testing/world.ts';
