import { Kind, visit } from 'graphql';
import type { ASTNode, DocumentNode } from 'graphql';

/** GraphQL has no other way to write U+0000; unpaired surrogates are refused by its lexer. */
const NUL_IN_SOURCE = /\0|\\u(?:0000|\{0+\})/;

/**
 * Where a request holds text that PostgreSQL cannot store (U+0000, unpaired surrogates), as a message names the place; null: nowhere.
 * Refused once, here, it cannot become a database error in some statement later.
 */
export function unstorablePlace(document: DocumentNode, variables: Record<string, unknown>): string | null {
  if (NUL_IN_SOURCE.test(document.loc?.source.body ?? '')) return placeInDocument(document);
  const place = placeIn(variables);
  if (place === null) return null;
  return place === '' ? 'the name of a variable' : `the variable $${place.slice(1)}`;
}

function placeInDocument(document: DocumentNode): string {
  let place = 'the document';
  visit(document, {
    StringValue(node, _key, parent, _path, ancestors) {
      if (!node.value.includes('\0')) return;
      const names = [...ancestors, parent].flatMap((above) => (above !== undefined && 'kind' in above ? nameOf(above) : []));
      if (names.length > 0) place = `the argument ${names.join('.')}`;
    },
  });
  return place;
}

function nameOf(node: ASTNode): string[] {
  return node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD ? [node.name.value] : [];
}

/** The way to such a text, '' when it is the value itself or one of its names; null: there is none. A body is not deep. */
function placeIn(value: unknown): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : '';
  if (typeof value !== 'object' || value === null) return null;
  const isList = Array.isArray(value);
  for (const [name, member] of Object.entries(value)) {
    if (!isStorable(name)) return '';
    const below = placeIn(member);
    if (below !== null) return `${isList ? `[${name}]` : `.${name}`}${below}`;
  }
  return null;
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
