/** What one instance carries of something that stays open. */
export interface Places {
  /** @returns what gives the place back, once however often it is called; null when all are taken */
  take(): (() => void) | null;
}

export function createPlaces(count: number): Places {
  let free = count;
  return {
    take() {
      if (free === 0) return null;
      free -= 1;
      let taken = true;
      return () => {
        if (taken) free += 1;
        taken = false;
      };
    },
  };
}
