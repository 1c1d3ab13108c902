/** When a pause may end, as people choose it. */
export const UNTIL_CHOICES = [
  { value: '', label: 'Until somebody resumes it' },
  { value: '1', label: 'For an hour' },
  { value: '4', label: 'For 4 hours' },
  { value: '24', label: 'For a day' },
  { value: '168', label: 'For a week' },
  { value: 'at', label: 'Until …' },
] as const;

/**
 * @param choice  one of UNTIL_CHOICES
 * @param local   what the field for a time of its own holds, in the browser's zone
 * @param now     epoch milliseconds, of the server's clock
 * @returns an instant; null: without an end; a text under `fault` where that is no time, or past
 */
export function pauseEnd(choice: string, local: string, now: number): { until: string | null } | { fault: string } {
  if (choice === '') return { until: null };
  if (choice !== 'at') return { until: new Date(now + Number(choice) * 3_600_000).toISOString() };
  const at = new Date(local).getTime();
  if (Number.isNaN(at)) return { fault: 'Say when the pause is to end.' };
  if (at <= now) return { fault: 'This is past.' };
  return { until: new Date(at).toISOString() };
}
