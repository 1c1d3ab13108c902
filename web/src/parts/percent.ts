/** A share from 0 to 1 as a percentage; never 100 % while something is missing. */
export const percent = (share: number): string => `${share === 1 ? 100 : Math.min(99.9, Math.floor(share * 1000) / 10)} %`;
