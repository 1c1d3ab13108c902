import { Kind, defaultFieldResolver } from 'graphql';
import type { FieldNode, GraphQLResolveInfo, GraphQLSchema, SelectionSetNode } from 'graphql';
import type { RequestContext } from './context.ts';

/**
 * Makes every field of Query wait for the event cursor when the operation asks for it: a list that was read before the cursor was
 * taken could lack a change whose event the cursor has already passed. Changes the schema in place and returns it.
 */
export function takeCursorFirst(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const resolve = field.resolve ?? defaultFieldResolver;
    field.resolve = (source, args, context: RequestContext, info) => {
      if (!asksForCursor(info)) return resolve(source, args, context, info);
      return context.eventCursor().then(() => resolve(source, args, context, info));
    };
  }
  return schema;
}

function asksForCursor(info: GraphQLResolveInfo): boolean {
  const rootFields = (set: SelectionSetNode): FieldNode[] =>
    set.selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value];
      return fragment === undefined ? [] : rootFields(fragment.selectionSet);
    });
  return rootFields(info.operation.selectionSet).some((field) => field.name.value === 'eventCursor');
}
