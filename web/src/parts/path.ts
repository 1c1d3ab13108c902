/** Where something lies in a JSON value: names of fields and indexes of lists, from the outside in. */
export type Path = readonly string[];

export const pathKey = (path: Path): string => path.join('\u0000');

export const startsWith = (path: Path, start: Path): boolean => start.every((part, index) => path[index] === part);

export function getAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string, unknown>)[part];
  }
  return here;
}

/** A copy in which `path` holds `next`; what lies beside it is the same object. undefined takes the field, or the item of a list, away. */
export function setAt(value: unknown, path: Path, next: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return next;
  if (Array.isArray(value)) {
    const index = Number(part);
    const item = setAt(value[index], rest, next);
    return item === undefined ? value.toSpliced(index, 1) : value.toSpliced(index, 1, item);
  }
  const fields = isRecord(value) ? value : {};
  const inner = setAt(Object.hasOwn(fields, part) ? fields[part] : undefined, rest, next);
  if (inner !== undefined) return { ...fields, [part]: inner };
  const { [part]: _gone, ...others } = fields;
  return others;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether two JSON values are the same; the order of fields says nothing. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && sameJson(a[name], b[name]));
}
