/** Why an occurrence did not become a run. */
const SKIP_VERDICTS = [
  'OVERLAP_SKIPPED',
  'BUFFER_FULL',
  'MISSED',
  'COALESCED',
  'PAUSED',
  'FROZEN',
  'LIMIT_REACHED',
  'SKIPPED_BY_USER',
] as const;
export type SkipVerdict = (typeof SKIP_VERDICTS)[number];

/** What can be said of an occurrence. PLANNED: it has no verdict yet. FIRED: there is or was a run of it. */
export const OCCURRENCE_VERDICTS = ['PLANNED', 'FIRED', ...SKIP_VERDICTS] as const;
export type OccurrenceVerdict = (typeof OCCURRENCE_VERDICTS)[number];
