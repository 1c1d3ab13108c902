/**
 * The words of a search as patterns, one each, in the regular expressions that JavaScript and PostgreSQL have in common: every
 * character stands for itself in upper and lower case. Not lower() or ILIKE: what these take for the same letter depends on the
 * locale of the database.
 */
export function searchPatterns(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => [...word].map(inEitherCase).join(''));
}

function inEitherCase(character: string): string {
  const variants = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  const escaped = [...variants].map((variant) => variant.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return escaped.length === 1 ? (escaped[0] as string) : `(?:${escaped.join('|')})`;
}

/** Every word must stand in one of the texts. */
export function matchesSearch(texts: readonly (string | null | undefined)[], search: string): boolean {
  const whole = joinTexts(texts);
  return searchPatterns(search).every((pattern) => new RegExp(pattern).test(whole));
}

/** No word holds a line break, so none is found across two texts. */
function joinTexts(texts: readonly (string | null | undefined)[]): string {
  return texts.filter((text) => text != null).join('\n');
}
