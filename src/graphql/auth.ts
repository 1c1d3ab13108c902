import { defaultFieldResolver, getDirectiveValues, isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLField, GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { ROLES, roleAtLeast } from '../auth/role.ts';
import type { Role } from '../auth/role.ts';
import type { Viewer } from '../auth/viewer.ts';
import { apiError } from './errors.ts';

/** What every context value holds, whichever transport made it. */
export interface ViewerContext {
  viewer: Viewer;
}

type Field = GraphQLField<unknown, ViewerContext>;

/**
 * Makes `@auth(role:)` real: resolve and subscribe of every field that carries it first compare the viewer's role.
 * Changes the fields of `schema` in place and returns it.
 * @throws Error at start, naming every fault at once: a field of Query, Mutation or Subscription without @auth, or an
 *         @auth where nothing would enforce it (interface fields are resolved by the object types)
 */
export function enforceAuth(schema: GraphQLSchema): GraphQLSchema {
  const directive = schema.getDirective('auth');
  if (!directive) throw new Error('The schema declares no directive @auth.');
  const roots: unknown[] = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const faults: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const { role, anonymous } = (field.astNode && getDirectiveValues(directive, field.astNode)) ?? {};
      if (role === undefined) {
        if (roots.includes(type)) faults.push(`${coordinate} has no @auth`);
      } else if (isInterfaceType(type)) {
        faults.push(`${coordinate} is an interface field: put @auth on the types that implement it`);
      } else if (!isRole(role)) {
        faults.push(`${coordinate} asks for the unknown role ${String(role)}`);
      } else {
        guard(field, role, anonymous !== false, coordinate);
      }
    }
  }
  if (faults.length > 0) throw new Error(`The schema's @auth is incomplete: ${faults.join('; ')}.`);
  return schema;
}

/**
 * @param what  as the message names it
 * @returns why the viewer may not; null when it may
 */
export function denial({ role: actual, actor }: Viewer, needed: Role, anonymous: boolean, what: string): Error | null {
  const unknown = actor.kind === 'ANONYMOUS';
  if (roleAtLeast(actual, needed) && (anonymous || !unknown)) return null;
  if (unknown) return apiError('UNAUTHENTICATED', `${what} needs a token with the role ${needed}: send one.`);
  const message = `${what} needs the role ${needed}; yours is ${actual}.`;
  return apiError('FORBIDDEN', message, { neededRole: needed, actualRole: actual });
}

/** @param anonymous  whether those may use it, too, who sent no token, when their role does */
function guard(field: Field, needed: Role, anonymous: boolean, coordinate: string): void {
  const checked =
    (resolve: GraphQLFieldResolver<unknown, ViewerContext>): GraphQLFieldResolver<unknown, ViewerContext> =>
    (source, args, context, info) => {
      const denied = denial(context.viewer, needed, anonymous, coordinate);
      if (denied) throw denied;
      return resolve(source, args, context, info);
    };
  field.resolve = checked(field.resolve ?? defaultFieldResolver);
  if (field.subscribe) field.subscribe = checked(field.subscribe);
}

function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}
