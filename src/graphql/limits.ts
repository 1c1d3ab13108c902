import {
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLError,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { MOST_APPLIED } from '../commands/applySchedules.ts';
import { apiError } from './errors.ts';
import { countBuckets } from './statsSeries.ts';
import { isStated } from './statedArgument.ts';

/** What one request may ask for at most. */
export const LIMITS = {
  /** Fields from the root to the deepest leaf, both counted. */
  maxDepth: 15,
  /** Objects that the answer may hold, estimated from page sizes. */
  maxNodes: 5000,
  /** Values that may be resolved, leaves included: aliases cannot multiply a page without end. */
  maxFields: 50_000,
  maxRootFields: 20,
  /** Lexical tokens of a document. */
  maxTokens: 2000,
  /** Largest page, and what a page without a size is taken for. */
  maxPageSize: 100,
  /** Nested arrays and objects in a body, the body's own braces counted. */
  maxJsonDepth: 32,
  /** Those of one JSON value of the input, sent as a variable or written in the document: wherever an input has it, it fits into a body. */
  maxValueDepth: 24,
  maxBodyBytes: 1024 * 1024,
  /** Faults of variables that are reported before giving up. */
  maxCoercionErrors: 50,
} as const;

/** Arguments that say how many objects a field answers; a list of ids says it by its length. */
const PAGE_ARGUMENTS = ['first', 'last', 'batchSize', 'ids'];

/** Estimates, never below what the executor does: a field selected twice counts twice although the executor merges it. */
export interface Measurement {
  depth: number;
  nodes: number;
  fields: number;
  rootFields: number;
}

type Cost = Omit<Measurement, 'rootFields'>;
type Variables = Record<string, unknown>;

/**
 * Measures an operation before it runs. A page size multiplies the list it belongs to: the field's own, or the first
 * lists below a connection; plain fields count one per parent.
 * @param document   has passed validation: fragments end, fields and arguments exist
 * @param variables  coerced values
 * @throws GraphQLError (of graphql-js, without a code) when an argument cannot be coerced
 */
export function measure(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null,
  variables: Variables,
): Measurement {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) throw new RangeError('The document has no such operation.');

  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  // Without it, fragments that spread each other twice would cost 2^n walks.
  const known = new Map<string, Cost & { width: number }>();

  /** `page`: the size that still waits for its list. `width`: fields of this very selection set, fragments opened. */
  function ofSelections(set: SelectionSetNode, parent: GraphQLNamedType, page: number): Cost & { width: number } {
    const total = { depth: 0, nodes: 0, fields: 0, width: 0 };
    for (const selection of set.selections) {
      if (!isIncluded(selection, variables)) continue;
      const cost = ofSelection(selection, parent, page);
      total.depth = Math.max(total.depth, cost.depth);
      total.nodes += cost.nodes;
      total.fields += cost.fields;
      total.width += cost.width;
    }
    return total;
  }

  function ofSelection(selection: SelectionNode, parent: GraphQLNamedType, page: number): Cost & { width: number } {
    if (selection.kind === Kind.FIELD) return { ...ofField(selection, parent, page), width: 1 };
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return ofSelections(selection.selectionSet, conditionOf(selection, parent), page);
    const key = `${selection.name.value} ${page}`;
    const fragment = fragments.get(selection.name.value);
    const cost = known.get(key) ?? (fragment && ofSelections(fragment.selectionSet, conditionOf(fragment, parent), page));
    if (!cost) throw new RangeError(`The document has no fragment ${selection.name.value}.`);
    known.set(key, cost);
    return cost;
  }

  function ofField(node: FieldNode, parent: GraphQLNamedType, page: number): Cost {
    const field = fieldOf(parent, node.name.value);
    const size = pageSize(field, statedOrDefault(field, node)) ?? page;
    const isList = isListType(getNullableType(field.type));
    const count = isList ? size : 1;
    if (!node.selectionSet) return { depth: 1, nodes: 0, fields: count };
    const inner = ofSelections(node.selectionSet, getNamedType(field.type), isList ? 1 : size);
    return { depth: 1 + inner.depth, nodes: count * (1 + inner.nodes), fields: 1 + count * inner.fields };
  }

  /** Who asks for the last ones does not ask for the first ones as well, although that argument has a default. */
  function statedOrDefault(field: GraphQLField<unknown, unknown>, node: FieldNode): Record<string, unknown> {
    if (field.args.length === 0) return {};
    const values = getArgumentValues(field, node, variables);
    return values['last'] != null && !isStated(node, 'first', variables) ? { ...values, first: undefined } : values;
  }

  function conditionOf(fragment: { typeCondition?: { name: { value: string } } | undefined }, parent: GraphQLNamedType) {
    return (fragment.typeCondition && schema.getType(fragment.typeCondition.name.value)) ?? parent;
  }

  const { width, ...cost } = ofSelections(operation.selectionSet, root, 1);
  return { ...cost, rootFields: width };
}

/** OPERATION_TOO_COMPLEX naming each figure that is over its limit, or null. */
export function checkLimits(measured: Measurement): GraphQLError | null {
  const figures = [
    { figure: 'depth', value: measured.depth, limit: LIMITS.maxDepth },
    { figure: 'nodes', value: measured.nodes, limit: LIMITS.maxNodes },
    { figure: 'fields', value: measured.fields, limit: LIMITS.maxFields },
    { figure: 'rootFields', value: measured.rootFields, limit: LIMITS.maxRootFields },
  ];
  const exceeded = figures.filter(({ value, limit }) => value > limit);
  if (exceeded.length === 0) return null;
  const list = exceeded.map(({ figure, value, limit }) => `${figure} ${value}, limit ${limit}`).join('; ');
  return apiError('OPERATION_TOO_COMPLEX', `The operation asks for too much: ${list}.`, { exceeded });
}

function fieldOf(parent: GraphQLNamedType, name: string): GraphQLField<unknown, unknown> {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  if (!field) throw new RangeError(`${parent.name} has no field ${name}.`);
  return field;
}

/**
 * Entries of a document (applySchedules) are answered one by one. They have been read and worked out by then, so that an object of
 * theirs weighs a tenth of one that is yet to be read: a document of the largest size can ask for each of its schedules.
 */
const ENTRIES_PER_NODE = 10;

/** What a document holds or may prune; null: the field takes none. */
function documentSize(args: Record<string, unknown>): number | null {
  const input = args['input'] as { schedules?: unknown; prune?: unknown } | null | undefined;
  if (!Array.isArray(input?.schedules)) return null;
  const entries = input.prune === true ? MOST_APPLIED : Math.min(input.schedules.length, MOST_APPLIED);
  return Math.max(1, Math.ceil(entries / ENTRIES_PER_NODE));
}

/** Null for a field without pages. A page of no stated size counts as the largest, or as the default where that is more; never below one. */
function pageSize(field: GraphQLField<unknown, unknown>, args: Record<string, unknown>): number | null {
  const size = documentSize(args) ?? countBuckets(args);
  if (size !== null) return size;
  const declared = field.args.filter(({ name }) => PAGE_ARGUMENTS.includes(name));
  if (declared.length === 0) return null;
  const values = declared.map(({ name }) => args[name]).map((value) => (Array.isArray(value) ? value.length : value));
  const stated = values.filter((value) => typeof value === 'number');
  const defaults = declared.map(({ defaultValue }) => Number(defaultValue ?? 0));
  return stated.length === 0 ? Math.max(LIMITS.maxPageSize, ...defaults) : Math.max(1, ...stated);
}

/** `@skip` and `@include`, as the executor reads them. */
function isIncluded(node: SelectionNode, variables: Variables): boolean {
  if (!node.directives?.length) return true;
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false;
}
