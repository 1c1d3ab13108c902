import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../store/embedded.ts';
import { MIGRATIONS_DIR, SCHEMA_FILE, applyMigrations, draftMigration } from '../store/migrations.ts';

/** npm run db:migration -- NAME: drafts the SQL that leads from the newest migration to prisma/schema.prisma. Read it before you commit it. */
const name = process.argv[2] ?? '';
if (!/^[a-z][a-z0-9_]{0,60}$/.test(name)) {
  console.error('Give the migration a name of lower-case letters, digits and _, such as: npm run db:migration -- add_labels');
  process.exit(1);
}
const folder = await mkdtemp(path.join(tmpdir(), 'carillon-migration-'));
const server = await startEmbeddedPostgres({
  dataDir: path.join(folder, 'data'),
  log: { info: () => undefined, warn: console.warn },
});
try {
  await applyMigrations(server.connectionString);
  const sql = await draftMigration(server.connectionString);
  if (sql.trim() === '-- This is an empty migration.') {
    console.log('Nothing to do: prisma/schema.prisma says what the newest migration left.');
  } else {
    const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
    const target = path.join(MIGRATIONS_DIR, `${stamp}_${name}`);
    await mkdir(target);
    const note = '-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.';
    await writeFile(path.join(target, 'migration.sql'), `${note}\nBEGIN;\n\n${sql}\nCOMMIT;\n`);
    await copyFile(SCHEMA_FILE, path.join(target, 'schema.prisma'));
    console.log(`Drafted ${path.relative(process.cwd(), target)}: read it, add checks and partial indexes, try it, commit it.`);
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
