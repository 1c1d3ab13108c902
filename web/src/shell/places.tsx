import {
  IconCalendar,
  IconCalendarTime,
  IconHistory,
  IconKey,
  IconLayoutDashboard,
  IconListDetails,
  IconPlayerPlay,
  IconServer,
  IconSnowflake,
} from '@tabler/icons-react';
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
  { path: '/tasks', page: lazy(() => import('../pages/tasks/TasksPage.tsx')) },
  // No key begins with _.
  { path: '/tasks/_new', page: lazy(() => import('../pages/task/TaskFormPage.tsx')) },
  { path: '/tasks/:name/edit', page: lazy(() => import('../pages/task/TaskFormPage.tsx')) },
  { path: '/tasks/:name', page: lazy(() => import('../pages/task/TaskPage.tsx')) },
  { path: '/workers', page: lazy(() => import('../pages/workers/WorkersPage.tsx')) },
  { path: '/freezes', page: lazy(() => import('../pages/freezes/FreezesPage.tsx')) },
  { path: '/calendars', page: lazy(() => import('../pages/calendars/CalendarsPage.tsx')) },
  { path: '/tokens', page: lazy(() => import('../pages/tokens/TokensPage.tsx')) },
  { path: '/audit', page: lazy(() => import('../pages/audit/AuditPage.tsx')) },
];

export const MENU: readonly MenuItem[] = [
  { href: '/', label: 'Overview', icon: IconLayoutDashboard },
  { href: '/schedules', label: 'Schedules', icon: IconCalendarTime },
  { href: '/runs', label: 'Runs', icon: IconPlayerPlay },
  { href: '/tasks', label: 'Tasks', icon: IconListDetails },
  { href: '/workers', label: 'Workers', icon: IconServer },
  { href: '/freezes', label: 'Freezes', icon: IconSnowflake },
  { href: '/calendars', label: 'Calendars', icon: IconCalendar },
  { href: '/tokens', label: 'Tokens', icon: IconKey, admin: true },
  { href: '/audit', label: 'Audit', icon: IconHistory, admin: true },
];
