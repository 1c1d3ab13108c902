import { BreakingChangeType, buildSchema, findBreakingChanges, findDangerousChanges } from 'graphql';

/** What clients of a released schema meet when they ask a server with another one. Sentences, without repetitions. */
export interface SchemaChanges {
  /** An operation that was valid is refused, or an answer does not fit what a client was made for; and what to do instead. */
  breaking: string[];
  /** Every operation goes on, but a client may be told what it has never heard of, or get another default. */
  dangerous: string[];
}

const KEEP = 'Keep it, marked with @deprecated(reason: "…"), until the next version that may break.';
const ADD_ANOTHER = 'Leave it as it was, add what is meant under another name, and mark this one with @deprecated(reason: "…").';
const MAKE_OPTIONAL = 'Let it be null or give it a default.';

const INSTEAD: Record<BreakingChangeType, string> = {
  [BreakingChangeType.TYPE_REMOVED]: `Keep it, and mark the fields that answer or take it with @deprecated(reason: "…").`,
  [BreakingChangeType.TYPE_CHANGED_KIND]: ADD_ANOTHER,
  [BreakingChangeType.TYPE_REMOVED_FROM_UNION]: 'Keep it.',
  [BreakingChangeType.VALUE_REMOVED_FROM_ENUM]: KEEP,
  [BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED]: MAKE_OPTIONAL,
  [BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED]: 'Keep it.',
  [BreakingChangeType.FIELD_REMOVED]: KEEP,
  [BreakingChangeType.FIELD_CHANGED_KIND]: ADD_ANOTHER,
  [BreakingChangeType.REQUIRED_ARG_ADDED]: MAKE_OPTIONAL,
  [BreakingChangeType.ARG_REMOVED]: KEEP,
  [BreakingChangeType.ARG_CHANGED_KIND]: ADD_ANOTHER,
  [BreakingChangeType.DIRECTIVE_REMOVED]: 'Keep it.',
  [BreakingChangeType.DIRECTIVE_ARG_REMOVED]: 'Keep it.',
  [BreakingChangeType.REQUIRED_DIRECTIVE_ARG_ADDED]: MAKE_OPTIONAL,
  [BreakingChangeType.DIRECTIVE_REPEATABLE_REMOVED]: 'Keep it.',
  [BreakingChangeType.DIRECTIVE_LOCATION_REMOVED]: 'Keep it.',
};

/** @throws GraphQLError when one of them is no schema */
export function schemaChanges(released: string, current: string): SchemaChanges {
  const [before, after] = [buildSchema(released), buildSchema(current)];
  const breaking = findBreakingChanges(before, after).map(({ type, description }) => `${description} ${INSTEAD[type]}`);
  return {
    breaking: [...new Set(breaking)],
    dangerous: [...new Set(findDangerousChanges(before, after).map(({ description }) => description))],
  };
}
