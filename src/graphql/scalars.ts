import { GraphQLError, GraphQLScalarType, Kind, visit } from 'graphql';
import type { ValueNode } from 'graphql';
import { DateTimeISOResolver, JSONObjectResolver, JSONResolver } from 'graphql-scalars';
import { deeperThan } from '../domain/storableJson.ts';
import { countCharacters, quoted } from '../domain/text.ts';
import { FIRST_INSTANT, LAST_INSTANT } from '../trigger/trigger.ts';
import { LIMITS } from './limits.ts';

const MAX_CHARS = 2_000;

/**
 * A text whose form is checked where it is used, so that a fault becomes a user error with its path and what is allowed,
 * instead of failing the whole operation.
 */
function textScalar(name: string): GraphQLScalarType<string, string> {
  const read = (value: unknown): string => {
    if (typeof value !== 'string') throw new GraphQLError(`${name} must be a text.`);
    const count = countCharacters(value);
    if (count > MAX_CHARS) throw new GraphQLError(`${name} has ${count} characters; allowed are ${MAX_CHARS}.`);
    return value;
  };
  return new GraphQLScalarType<string, string>({
    name,
    serialize: String,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : null),
  });
}

/** JSON that is as deep in a document as it may be in a variable, so that what was taken in one way can be sent in the other. */
function jsonScalar(resolver: GraphQLScalarType): GraphQLScalarType {
  const bounded = (value: unknown, node?: ValueNode): unknown => {
    if (!deeperThan(value, LIMITS.maxValueDepth)) return value;
    const message = `${resolver.name} is nested deeper than is allowed: at most ${LIMITS.maxValueDepth} levels.`;
    throw new GraphQLError(message, { nodes: node ?? null });
  };
  return new GraphQLScalarType({
    ...resolver.toConfig(),
    parseValue: (value) => bounded(resolver.parseValue(value)),
    parseLiteral: (node, variables) => bounded(resolver.parseLiteral(withoutEnums(node), variables), node),
  });
}

/** JSON has no such values; they would be left out. @throws GraphQLError */
function withoutEnums(node: ValueNode): ValueNode {
  visit(node, {
    EnumValue(value) {
      throw new GraphQLError(`JSON has no value ${value.value}: write it as text, in quotes.`, { nodes: value });
    },
  });
  return node;
}

/** Instants in whole milliseconds, in the years that every ISO text and PostgreSQL can hold. */
const dateTime = new GraphQLScalarType({
  ...DateTimeISOResolver.toConfig(),
  parseValue: (value) => readInstant(() => DateTimeISOResolver.parseValue(value), value),
  parseLiteral: (node) =>
    readInstant(() => DateTimeISOResolver.parseLiteral(node, null), node.kind === Kind.STRING ? node.value : null, node),
});

function readInstant(parse: () => Date, given: unknown, node?: ValueNode): Date {
  const shown = typeof given === 'string' ? `DateTime ${quoted(given)}` : 'DateTime';
  let instant: Date;
  try {
    instant = parse();
  } catch {
    const message = `${shown} is not allowed: send an RFC 3339 instant with Z or an offset, such as 2026-01-01T00:00:00Z.`;
    throw new GraphQLError(message, { nodes: node ?? null });
  }
  const at = instant.getTime();
  if (at >= FIRST_INSTANT && at <= LAST_INSTANT) return instant;
  throw new GraphQLError(`${shown} is outside the years 1 to 9999.`, { nodes: node ?? null });
}

export const scalars = {
  DateTime: behaviour(dateTime),
  JSON: behaviour(jsonScalar(JSONResolver)),
  JSONObject: behaviour(jsonScalar(JSONObjectResolver)),
  Cursor: behaviour(textScalar('Cursor')),
  Duration: behaviour(textScalar('Duration')),
  LocalDate: behaviour(textScalar('LocalDate')),
  LocalDateTime: behaviour(textScalar('LocalDateTime')),
  LocalTime: behaviour(textScalar('LocalTime')),
  TimeZone: behaviour(textScalar('TimeZone')),
  URL: behaviour(textScalar('URL')),
};

/** What a scalar does. A whole type would bring its own name and description along and rename the contract's (to DateTimeISO). */
function behaviour({ serialize, parseValue, parseLiteral }: GraphQLScalarType) {
  return { __serialize: serialize, __parseValue: parseValue, __parseLiteral: parseLiteral };
}
