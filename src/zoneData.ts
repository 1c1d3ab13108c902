/** Version of the time zone data that this process computes with, such as 2026a. */
export const ZONE_DATA = process.versions.tz ?? 'unknown';
