import { useEffect, useRef } from 'react';
import { sayFault } from './toasts.tsx';

/** For what is wrong with something that a dialog has sent: shown in it or, when it is closed by then, beside the page. */
export function useTelling(title: string, show: (fault: string | null) => void): (fault: string | null) => void {
  const gone = useRef(false);
  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);
  return (fault) => {
    if (!gone.current) show(fault);
    else if (fault !== null) sayFault(title, fault);
  };
}
