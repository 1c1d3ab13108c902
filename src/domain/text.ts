const MOST_SHOWN = 60;

/** As a reader counts them: an emoji is one, though it takes two units of UTF-16. */
export function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count += 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

/** Whether nothing of it can be seen: white space, and what takes no room (zero-width characters, fillers). */
export function isBlank(text: string): boolean {
  return /^[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u.test(text);
}

/** A caller's text for a message: in quotes, cut, and with an escape for what cannot be seen. */
export function quoted(text: string): string {
  const [head = ''] = new RegExp(`^.{0,${MOST_SHOWN}}`, 'su').exec(text) ?? [];
  const escaped = JSON.stringify(head.length < text.length ? `${head}…` : text);
  return escaped.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}
