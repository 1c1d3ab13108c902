import type { CompileResult, Trigger, TriggerError, TriggerSpec } from './trigger.ts';

/** What the set operators ask of the compiler. */
export interface Compiler {
  /** Compiles a trigger inside, in the same context. */
  compile(spec: TriggerSpec): CompileResult;
  /** Whether a trigger has occurrences, as far as a search finds out. */
  fires(trigger: Trigger): boolean;
}

/** Compiles one member; its faults go to `errors` under `path`. null: it is none. */
export function compileMember(spec: unknown, path: string[], compiler: Compiler, errors: TriggerError[]): Trigger | null {
  const result = compiler.compile(spec as TriggerSpec);
  if (!result.ok) {
    errors.push(...result.errors.map((error) => ({ ...error, path: [...path, ...error.path] })));
    return null;
  }
  if (result.trigger.kind !== 'MANUAL') return result.trigger;
  const message = 'manual stands alone: it has no times to combine';
  errors.push({ path: [...path, 'manual'], message, constraint: 'a trigger with times' });
  return null;
}

/** Compiles a list of members. */
export function compileMembers(
  list: unknown,
  path: string[],
  size: { least: number; most: number },
  compiler: Compiler,
  errors: TriggerError[],
): Trigger[] {
  const specs = checkedList(list, path, size, 'triggers', errors);
  return specs.flatMap((spec, i) => compileMember(spec, [...path, String(i)], compiler, errors) ?? []);
}

/** The list when it is one of an allowed length, else an empty one. @param what  names the entries, in the plural */
export function checkedList(
  list: unknown,
  path: string[],
  { least, most }: { least: number; most: number },
  what: string,
  errors: TriggerError[],
): readonly unknown[] {
  if (Array.isArray(list) && list.length >= least && list.length <= most) return list;
  const constraint = `${least} to ${most} ${what}`;
  const name = path.at(-1) ?? '';
  errors.push({
    path,
    message: Array.isArray(list) ? `${name} has ${list.length} ${what}` : `${name} must be a list`,
    constraint,
  });
  return [];
}

/** A description that others stand next to: sets and bounds in brackets. */
export function describeMember(trigger: Trigger): string {
  const nested = ['ANY_OF', 'ALL_OF', 'EXCEPT', 'BOUNDED'].includes(trigger.kind);
  return nested ? `[${trigger.describe()}]` : trigger.describe();
}
