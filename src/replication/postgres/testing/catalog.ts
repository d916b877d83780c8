/** Catalogues made by hand, for tests without a server. */
import type { Catalog, CatalogColumn, CatalogTable } from '../catalog.ts';

export const column = (name: string, type = 'text', more: Partial<CatalogColumn> = {}): CatalogColumn => ({
  name,
  type,
  notNull: false,
  generated: false,
  identity: null,
  hasDefault: false,
  ...more,
});

/** A table with the key `id`, and text columns. */
export const table = (
  name: string,
  columns: readonly string[] = [],
  more: Partial<CatalogTable> = {},
): CatalogTable => ({
  name,
  kind: 'plain',
  hasChildren: false,
  columns: [column('id', 'integer', { notNull: true }), ...columns.map((one) => column(one))],
  key: ['id'],
  keyIs: 'primary',
  uniques: [],
  replicaIdentity: 'd',
  estimatedRows: 0,
  bytes: 0,
  vacant: true,
  ...more,
});

export const catalogOf = (tables: readonly CatalogTable[], more: Partial<Catalog> = {}): Catalog => ({
  schema: 'public',
  tables,
  foreignKeys: [],
  sequences: [],
  enums: [],
  ...more,
});
