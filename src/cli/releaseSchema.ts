import path from 'node:path';
import { RELEASES_DIR, readSchema, readVersion, recordRelease } from './releases.ts';

/** npm run release:schema: records schema.graphql as the contract of the version of package.json, by which later ones are judged. */
const recorded = await recordRelease(RELEASES_DIR, await readVersion(), await readSchema());
if (!recorded.ok) {
  console.error(recorded.message);
  process.exit(1);
}
console.log(`${path.relative(process.cwd(), recorded.file)} is the contract of this version: commit it with the release.`);
