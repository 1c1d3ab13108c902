/** One field that a change touched. */
export interface ChangeRow {
  /** trigger.cron.expression */
  path: string;
  /** As text; null: there was or is none. */
  before: string | null;
  after: string | null;
}

/** What an audit entry says of a change, field by field: of nested values only the parts that differ. */
export function changeRows(changes: Readonly<Record<string, unknown>> | null): ChangeRow[] {
  return Object.entries(changes ?? {}).flatMap(([field, change]) =>
    isPair(change) ? rowsOf(field, change.before, change.after) : [{ path: field, before: null, after: textOf(change) }],
  );
}

function rowsOf(path: string, before: unknown, after: unknown): ChangeRow[] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => rowsOf(`${path}.${name}`, before[name], after[name]));
  }
  const [was, is] = [textOf(before), textOf(after)];
  return was === is ? [] : [{ path, before: was, after: is }];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPair = (value: unknown): value is { before?: unknown; after?: unknown } =>
  isObject(value) && ('before' in value || 'after' in value);

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
