import { IconCalendarTime, IconLayoutDashboard, IconPlayerPlay, IconServer } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { lazy } from 'react';

interface Place {
  /** As wouter reads it; what it names is given to the page. */
  path: string;
  page: ComponentType<Record<string, string>>;
  /** Without head and menu: the page is all there is. */
  bare?: boolean;
}

interface MenuItem {
  href: string;
  label: string;
  icon: typeof IconServer;
  admin?: boolean;
}

/** Each page is a file of its own that is loaded when it is first asked for. */
export const ROUTES: readonly Place[] = [
  { path: '/', page: lazy(() => import('../pages/overview/OverviewPage.tsx')) },
  { path: '/wallboard', page: lazy(() => import('../pages/wallboard/WallboardPage.tsx')), bare: true },
  { path: '/schedules', page: lazy(() => import('../pages/schedules/SchedulesPage.tsx')) },
  // Before /schedules/:id, which takes any name.
  { path: '/schedules/new', page: lazy(() => import('../pages/editor/EditorPage.tsx')) },
  { path: '/schedules/:id/edit', page: lazy(() => import('../pages/editor/EditorPage.tsx')) },
  { path: '/schedules/:id', page: lazy(() => import('../pages/schedule/SchedulePage.tsx')) },
  { path: '/runs', page: lazy(() => import('../pages/runs/RunsPage.tsx')) },
  { path: '/runs/:id', page: lazy(() => import('../pages/run/RunPage.tsx')) },
  { path: '/workers', page: lazy(() => import('../pages/workers/WorkersPage.tsx')) },
];

export const MENU: readonly MenuItem[] = [
  { href: '/', label: 'Overview', icon: IconLayoutDashboard },
  { href: '/schedules', label: 'Schedules', icon: IconCalendarTime },
  { href: '/runs', label: 'Runs', icon: IconPlayerPlay },
  { href: '/workers', label: 'Workers', icon: IconServer },
];
