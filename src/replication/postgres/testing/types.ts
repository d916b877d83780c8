/** Values of every type, for tests that they arrive as they are. */

/** Tables of every kind of column, with names that only differ in case, or are hostile. */
export const TYPES = `
CREATE TYPE mood AS ENUM ('happy', 'sad, really', 'it''s');
CREATE TABLE types (
  id serial PRIMARY KEY, "my-column" text, "Mixed" varchar(20), mood mood, moods mood[], texts text[][], raw bytea, j jsonb, js json,
  d double precision, r real, n numeric, t timestamptz, i interval, b boolean, u uuid, x xml, p point, c char(5), ip inet, m money,
  made text GENERATED ALWAYS AS ('q-' || "my-column") STORED);
CREATE TABLE "COPY" (name text PRIMARY KEY, value text);
CREATE TABLE copy (name text PRIMARY KEY, value text);
CREATE TABLE "we""ird; --" ("a""b" int PRIMARY KEY, "back\\slash" text);
`;

/** Values on which copies break. */
export const TYPE_ROWS = `
INSERT INTO types ("my-column", "Mixed", mood, moods, texts, raw, j, js, d, r, n, t, i, b, u, x, p, c, ip, m) VALUES
  ('COPYshop', 'Ä€😀', 'sad, really', '{happy,"it''s",NULL}', '{{"a,b","\\"c"},{NULL,""}}', '\\x00ff5c', '{"a": [1.0, null]}', '{"z":1,  "a":2}',
   'NaN', 'Infinity', 'NaN', 'infinity', '1 year -2 days 3.5 s', true, '00000000-0000-0000-0000-000000000001', '<a>1</a>', '(1,2)', 'ab', '::1/64', '3.5'),
  ('\\.', '', NULL, '{}', '{}', '', 'null', 'null', '-0', 1e-40, 1.00, '-infinity', '0', false, NULL, NULL, NULL, '', NULL, NULL),
  (E'tab\\tnewline\\nback\\\\N', NULL, 'happy', NULL, NULL, NULL, NULL, NULL, 0.1, 0.1, 1e-30, '2028-02-29 12:00+01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "COPY" VALUES ('COPY queue (name) FROM stdin;', ''), ('', NULL);
INSERT INTO copy VALUES ('DROP TABLE copy;', '\\N');
INSERT INTO "we""ird; --" VALUES (1, 'x');
`;
