import { Button } from '@mantine/core';
import { Component, useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { useLiveState } from '../api/useLive.ts';
import { EmptyState } from '../parts/Notices.tsx';

/** Keeps the frame when a page breaks: its file could not be loaded (the line is down, or the server is a newer one), or it has a fault. */
export class PageBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const { status } = useLiveState();
  const wasLost = useRef(status === 'LOST');
  useEffect(() => {
    if (status === 'LOST') wasLost.current = true;
    // What the line kept away can be loaded now.
    else if (status === 'LIVE' && wasLost.current) location.reload();
  }, [status]);
  return (
    <EmptyState title="This page could not be shown" action={<Button onClick={() => location.reload()}>Load it again</Button>}>
      Its program could not be loaded, or it has a fault. When loading it again does not help, what the browser says on its
      console does.
    </EmptyState>
  );
}
