/** Names and texts of the rows: ordinary ones, and those on which copies break. */

export const firstNames = [
  'Alice',
  'Bruno',
  'Chloé',
  'Dmitri',
  'Élodie',
  'Fatima',
  'Günther',
  'Hélène',
  'Ibrahim',
  'José',
  'Kateřina',
].concat(['Łukasz', 'Müge', 'Nguyễn', 'Óscar', 'Pıñar', 'Žofia', '太郎', 'محمد', 'Σοφία', 'e\u0301mile', '😀 Robot']);

export const lastNames = [
  'Martin',
  "O'Brien",
  'Müller',
  'van den Berg',
  'Smith-Jones',
  "d'Artagnan",
  'Nuñez',
  'Çelik',
  'COPY',
  'Null',
  '鈴木',
].concat(['Übel "Ü"', 'Back\\slash', 'Ødegård', 'MacDonald', 'de la Cruz', 'Ivanová', 'Xu', 'Q.', '  padded  ']);

/** Free texts; most rows have an ordinary one. */
export const descriptions = [
  '',
  'second floor',
  'reception',
  'sales; returns',
  'a "quoted" word',
  "it's here",
  'tab\there',
  'two\nlines',
  'line\r\nend',
].concat([
  '\\.',
  '\\N',
  '\\',
  '$1',
  '%s',
  '{a,b}',
  'NULL',
  'COPY public.queue (name) FROM stdin;',
  "'; DROP TABLE userfeatures; --",
  '🎧 α β γ',
  '\u202Eright to left',
  'x'.repeat(500),
]);

/** Queues whose names are trouble; all others are `queue4` and so on. The first breaks whoever reads a dump for lines with COPY. */
export const queueNames = ['COPYshop', "l'accueil", 'vente "été"'];
