import { Kind } from 'graphql';
import type { FieldNode } from 'graphql';

/** Whether the caller gave the argument: its default does not count, nor does a variable that was not sent. */
export function isStated(field: FieldNode, argument: string, variables: Record<string, unknown>): boolean {
  const value = field.arguments?.find((node) => node.name.value === argument)?.value;
  if (value === undefined || value.kind === Kind.NULL) return false;
  return value.kind !== Kind.VARIABLE || variables[value.name.value] != null;
}
