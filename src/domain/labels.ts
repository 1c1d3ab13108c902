/** Text by key, for people and scripts to find things by. */
export type Labels = Record<string, string>;
