import { Modal } from '@mantine/core';
import type { ModalProps } from '@mantine/core';
import { useEffect } from 'react';

/** A modal dialog that is there as long as it is drawn. When it goes, the keyboard is where it was before. */
export function Dialog(props: Omit<ModalProps, 'opened'>) {
  // Mantine does so for dialogs that stay and are opened and closed.
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      // What has taken it on purpose, such as another page, keeps it; in a dialog that goes it would be lost.
      setTimeout(() => {
        if (document.activeElement !== document.body) return;
        const there = before instanceof HTMLElement && before.isConnected && before !== document.body;
        (there ? before : document.querySelector<HTMLElement>('#content'))?.focus({ preventScroll: true });
      });
    };
  }, []);
  return <Modal centered {...props} opened />;
}
