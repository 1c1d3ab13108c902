import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { CONNECTION } from './connection.ts';
import type * as schemaEngineGlue from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { DiffTarget, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';

/**
 * Prisma's own schema engine, run in-process from its WASM build: a server starts on an empty database without
 * downloading the migration binary that Prisma's CLI wants, and `_prisma_migrations` is kept as that CLI knows it.
 */

const ROOT = fileURLToPath(new URL('../../prisma/', import.meta.url));
export const MIGRATIONS_DIR = path.join(ROOT, 'migrations');
export const SCHEMA_FILE = path.join(ROOT, 'schema.prisma');
const FILTERS = { externalTables: [], externalEnums: [] };

/** The two calls of WebAssembly that are used here; its types live in TypeScript's "dom" library, which a server does not load. */
interface WasmRuntime {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
}

// One instance for the process: the glue module keeps a single memory, a second instantiation would mix two.
let glue: Promise<typeof schemaEngineGlue> | undefined;

async function loadGlue(): Promise<typeof schemaEngineGlue> {
  // The package's main entry imports the .wasm file as a module, which Node still warns about: instantiated by hand instead.
  const glueUrl = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const module: typeof schemaEngineGlue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = await readFile(new URL('schema_engine_bg.wasm', glueUrl));
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmRuntime };
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': module });
  module.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return module;
}

/**
 * Gives `use` an engine on one connection of its own: the adapter runs a script statement by statement on its pool, and only
 * with a single connection do a migration's BEGIN and COMMIT, and the engine's session lock, mean what they say.
 */
async function withEngine<T>(connectionString: string, use: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await (glue ??= loadGlue());
  const pool = new pg.Pool({ ...CONNECTION, connectionString, max: 1 });
  try {
    const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool));
    const schema: [string, string] = [SCHEMA_FILE, await readFile(SCHEMA_FILE, 'utf8')];
    const engine = await SchemaEngine.new({ datamodels: [schema] }, () => undefined, adapter);
    try {
      return await use(engine);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

async function readMigrations(): Promise<MigrationList> {
  const folders = (await readdir(MIGRATIONS_DIR, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const names = folders.map((entry) => entry.name).sort();
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: {
      path: './migration_lock.toml',
      content: await readFile(path.join(MIGRATIONS_DIR, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok' as const, value: await readFile(path.join(MIGRATIONS_DIR, name, 'migration.sql'), 'utf8') },
        },
      })),
    ),
  };
}

/** The database was written by a newer version of Carillon: this one could not read it right. */
export class DatabaseTooNewError extends Error {
  override readonly name = 'DatabaseTooNewError';
  constructor(unknown: readonly string[]) {
    super(
      `The database was brought up to date by a newer version of Carillon (it has the migrations ${unknown.join(', ')}, which this version does not know). ` +
        'Start that version or a newer one, or use another database.',
    );
  }
}

/**
 * Applies what `prisma/migrations` holds and the database lacks. The caller holds the migration lock (see open.ts).
 * @returns names of the migrations that were applied, in order; empty when the database was current
 * @throws DatabaseTooNewError
 */
export async function applyMigrations(connectionString: string): Promise<string[]> {
  const list = await readMigrations();
  const known = list.migrationDirectories.map((directory) => directory.path);
  const done = await readApplied(connectionString);
  const unknown = done.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new DatabaseTooNewError(unknown);
  // Most starts find nothing to do, and need no engine for that.
  if (known.every((name) => done.includes(name))) return [];
  return withEngine(connectionString, async (engine) => {
    const result = await engine.applyMigrations({ migrationsList: list, filters: FILTERS });
    return result.appliedMigrationNames;
  });
}

/** Names of the migrations that were applied to the end. One that failed half-way is not among them: the engine reports it. */
async function readApplied(connectionString: string): Promise<string[]> {
  const client = new pg.Client({ ...CONNECTION, connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ present: boolean }>(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`);
    if (rows[0]?.present !== true) return [];
    const applied = await client.query<{ name: string }>(
      `SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1`,
    );
    return applied.rows.map((row) => row.name);
  } finally {
    await client.end();
  }
}

/**
 * SQL that leads from the newest committed migration to `prisma/schema.prisma`; says so when there is nothing to do.
 * Compares with the `schema.prisma` that each migration keeps beside its SQL: reading a replayed database back, as
 * `prisma migrate diff` does, fails in this adapter (it cannot read PostgreSQL's "char").
 * @param connectionString any reachable database of ours: the engine connects before it compares, and changes nothing
 */
export function draftMigration(connectionString: string): Promise<string> {
  return withEngine(connectionString, async (engine) => {
    const newest = (await readMigrations()).migrationDirectories.at(-1);
    const before = newest === undefined ? undefined : path.join(MIGRATIONS_DIR, newest.path, 'schema.prisma');
    const target = async (file: string): Promise<DiffTarget> => ({
      tag: 'schemaDatamodel',
      files: [{ path: file, content: await readFile(file, 'utf8') }],
    });
    const from: DiffTarget = before === undefined ? { tag: 'empty' } : await target(before);
    const result = await engine.diff({ from, to: await target(SCHEMA_FILE), script: true, exitCode: null, filters: FILTERS });
    return result.stdout ?? '';
  });
}
