import { readFile } from 'node:fs/promises';
import { schemaChanges } from '../graphql/schemaChanges.ts';
import { RELEASES_DIR, compareVersions, listReleases, mayBreak, readSchema, readVersion } from './releases.ts';

/** Part of npm run check: what was released stays valid until a version that may break (docs/decisions/0028). */
const current = await readVersion();
const last = (await listReleases(RELEASES_DIR)).findLast(({ version }) => compareVersions(version, current) <= 0);
if (last === undefined) {
  console.error(`${RELEASES_DIR} holds no release up to ${current.join('.')}: npm run release:schema records one.`);
  process.exit(1);
}
const { breaking, dangerous } = schemaChanges(await readFile(last.file, 'utf8'), await readSchema());
const since = `since ${last.version.join('.')}`;
for (const change of dangerous) console.log(`schema.graphql, ${since}, clients should be told: ${change}`);
for (const change of breaking) console.error(`schema.graphql, ${since}, breaks clients: ${change}`);
if (breaking.length > 0 && !mayBreak(last.version, current)) {
  console.error('Or raise the version of package.json to one that may break: the next major, before 1.0.0 the next minor.');
  process.exitCode = 1;
}
