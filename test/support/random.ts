/**
 * Whole numbers from 0 below a bound: the same ones in every run, so that a failure comes again. A linear congruential generator
 * with the constants of Numerical Recipes.
 */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}
