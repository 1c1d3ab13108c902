import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { DateTimeISOResolver, JSONObjectResolver, JSONResolver } from 'graphql-scalars';

const MAX_CHARS = 2_000;

/**
 * A text whose form is checked where it is used, so that a fault becomes a user error with its path and what is allowed,
 * instead of failing the whole operation.
 */
function textScalar(name: string): GraphQLScalarType<string, string> {
  const read = (value: unknown): string => {
    if (typeof value !== 'string') throw new GraphQLError(`${name} must be a text.`);
    if (value.length > MAX_CHARS) throw new GraphQLError(`${name} has ${value.length} characters; allowed are ${MAX_CHARS}.`);
    return value;
  };
  return new GraphQLScalarType<string, string>({
    name,
    serialize: String,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : null),
  });
}

/** Instants: the range that every ISO text and PostgreSQL can hold, in whole milliseconds. */
export const scalars = {
  DateTime: behaviour(DateTimeISOResolver),
  JSON: behaviour(JSONResolver),
  JSONObject: behaviour(JSONObjectResolver),
  Cursor: behaviour(textScalar('Cursor')),
  Duration: behaviour(textScalar('Duration')),
  LocalDateTime: behaviour(textScalar('LocalDateTime')),
  TimeZone: behaviour(textScalar('TimeZone')),
  URL: behaviour(textScalar('URL')),
};

/** What a scalar does. A whole type would bring its own name and description along and rename the contract's (to DateTimeISO). */
function behaviour({ serialize, parseValue, parseLiteral }: GraphQLScalarType) {
  return { __serialize: serialize, __parseValue: parseValue, __parseLiteral: parseLiteral };
}
