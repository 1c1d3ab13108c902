import { useEffect } from 'react';

/** Keeps the screen on while the page is looked at, where the browser offers it (a secure connection, and not every browser). */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let gone = false;
    const hold = async () => {
      if (document.hidden || !('wakeLock' in navigator)) return;
      try {
        const taken = await navigator.wakeLock.request('screen');
        if (gone) return await taken.release();
        lock = taken;
      } catch {
        // Refused, on low battery for one: the screen then goes dark as ever.
      }
    };
    // The browser takes it back whenever the page is hidden.
    document.addEventListener('visibilitychange', hold);
    void hold();
    return () => {
      gone = true;
      document.removeEventListener('visibilitychange', hold);
      void lock?.release();
    };
  }, []);
}
