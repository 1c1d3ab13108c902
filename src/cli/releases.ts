import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The schema of every release, one file each. */
export const RELEASES_DIR = path.join(ROOT, 'releases');

/** Of a release, from its numbers only: a pre-release is none. */
export type Version = readonly [major: number, minor: number, patch: number];

export interface Release {
  version: Version;
  /** The file that holds its schema. */
  file: string;
}

/** @returns null when the text is no version of a release */
export function parseVersion(text: string): Version | null {
  const match = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

function releaseFile(folder: string, version: Version): string {
  return path.join(folder, `schema-${version.join('.')}.graphql`);
}

/** The releases that are recorded in a folder, the oldest first. */
export async function listReleases(folder: string): Promise<Release[]> {
  const found = (await readdir(folder)).flatMap((name) => {
    const version = parseVersion(/^schema-(.*)\.graphql$/.exec(name)?.[1] ?? '');
    return version === null ? [] : [{ version, file: path.join(folder, name) }];
  });
  return found.toSorted((a, b) => compareVersions(a.version, b.version));
}

/** Below 0 when a is older. */
export function compareVersions(a: Version, b: Version): number {
  const place = a.findIndex((number, index) => number !== b[index]);
  return place < 0 ? 0 : (a[place] as number) - (b[place] as number);
}

type Recorded = { ok: true; file: string } | { ok: false; message: string };

/**
 * Writes the schema of a release down. What is recorded stays: clients were made for it.
 * @returns not ok, with nothing written, when a later release is recorded, or this one with another schema
 */
export async function recordRelease(folder: string, version: Version, schema: string): Promise<Recorded> {
  const text = version.join('.');
  const later = (await listReleases(folder)).findLast((release) => compareVersions(release.version, version) > 0);
  if (later !== undefined)
    return { ok: false, message: `The version of package.json is ${text}; ${later.version.join('.')} is released already.` };
  const file = releaseFile(folder, version);
  const known = await readFile(file, 'utf8').catch(() => null);
  if (known !== null && known !== schema) {
    const message = `${text} is recorded with another schema: raise the version of package.json. Should ${text} not be out yet, delete ${file} first.`;
    return { ok: false, message };
  }
  await writeFile(file, schema);
  return { ok: true, file };
}

/** Whether clients of one release must reckon with a broken contract in another: before 1.0.0 the minor number says so (semver.org §4). */
export function mayBreak(released: Version, current: Version): boolean {
  const [major, minor] = released;
  return current[0] > major || (current[0] === 0 && major === 0 && current[1] > minor);
}

export function readSchema(): Promise<string> {
  return readFile(path.join(ROOT, 'schema.graphql'), 'utf8');
}

/** @throws Error when package.json has no version of a release */
export async function readVersion(): Promise<Version> {
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const parsed = parseVersion(version);
  if (parsed === null) throw new Error(`The version of package.json is ${version}; a release has three numbers, such as 1.2.3.`);
  return parsed;
}
