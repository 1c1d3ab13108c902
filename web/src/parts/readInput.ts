/** What was typed as the input of a run: a JSON object, or nothing. */
export function readInput(text: string): { value: Record<string, unknown> | null; fault: string | null } {
  if (text.trim() === '') return { value: null, fault: null };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { value: value as Record<string, unknown>, fault: null };
    return { value: null, fault: 'An input is an object, such as { "name": "value" }. Leave it empty for none.' };
  } catch (error) {
    return { value: null, fault: `This is no JSON: ${error instanceof Error ? error.message : 'it cannot be read'}` };
  }
}
