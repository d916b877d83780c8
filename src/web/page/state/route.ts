/** The page's places, as the part of the address after `#/`. */

export const ROUTES = ['overview', 'journal', 'streams', 'checks', 'what-if', 'drills', 'alarms', 'settings'] as const;

export type Route = (typeof ROUTES)[number] | 'login' | 'public';

/** The place that an address names, whatever it says besides after a `?`; `public` for none and for what is unknown. */
export const routeOf = (hash: string): Route => {
  const name = hash.replace(/^#\/?/, '').replace(/\?.*$/, '');
  if (name === 'login') return 'login';
  return ROUTES.find((route) => route === name) ?? 'public';
};
