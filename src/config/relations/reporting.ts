import type { Config } from '../config.ts';
import { LOOPBACK } from './alarms.ts';
import type { Clash } from './clash.ts';

const postgresRules = (postgres: NonNullable<Config['reporting']['postgres']>): readonly Clash[] => {
  const clashes: Clash[] = [];
  const path = ['reporting', 'postgres'];
  if (postgres.tls === 'verify' && postgres.caFile === null)
    clashes.push({
      path: [...path, 'ca-file'],
      message: 'nothing says whose certificate the reporting database may show',
      remedy: "give ca-file, the authority's or the server's own certificate, or tls: none",
    });
  if (postgres.tls === 'none' && postgres.caFile !== null)
    clashes.push({
      path: [...path, 'tls'],
      message: 'a certificate is given, and tls: none uses none',
      remedy: 'use tls: verify, or leave ca-file out',
    });
  return clashes;
};

const elasticRules = (elastic: NonNullable<Config['reporting']['elasticsearch']>): readonly Clash[] => {
  const clashes: Clash[] = [];
  const path = ['reporting', 'elasticsearch'];
  const { user, passwordFile, apiKeyFile } = elastic;
  if ((user === null) !== (passwordFile === null))
    clashes.push({
      path: [...path, user === null ? 'password-file' : 'user'],
      message: user === null ? 'a password without a user' : `no password for ${user}`,
      remedy: 'give both user and password-file, or neither',
    });
  if (user !== null && apiKeyFile !== null)
    clashes.push({
      path: [...path, 'api-key-file'],
      message: 'a login and an API key are given',
      remedy: 'give either user and password-file, or api-key-file',
    });
  const { protocol, hostname, pathname } = new URL(elastic.url);
  if (pathname !== '/')
    clashes.push({
      path: [...path, 'url'],
      message: `${elastic.url} has a path`,
      remedy: 'give the address alone, such as https://elastic.example.org:9200',
    });
  if (protocol === 'http:' && (user !== null || apiKeyFile !== null) && !LOOPBACK.test(hostname))
    clashes.push({
      path: [...path, 'url'],
      message: 'the secret would cross the network in the clear',
      remedy: 'use https, or leave the login out',
    });
  return clashes;
};

/** All contradictions within `reporting`. */
export const reportingClashes = ({ postgres, elasticsearch, tables }: Config['reporting']): readonly Clash[] => [
  ...(postgres === null ? [] : postgresRules(postgres)),
  ...(elasticsearch === null ? [] : elasticRules(elasticsearch)),
  ...tables.flatMap(({ table }, index) =>
    tables.findIndex((other) => other.table === table) === index
      ? []
      : [
          {
            path: ['reporting', 'tables', index, 'table'],
            message: `${table} is given twice`,
            remedy: 'give it once',
          },
        ],
  ),
];
