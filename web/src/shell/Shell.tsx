import {
  ActionIcon,
  Alert,
  Anchor,
  AppShell,
  Burger,
  Group,
  Loader,
  Menu,
  NavLink,
  ScrollArea,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconLogin, IconLogout, IconMoon, IconPlugConnectedX, IconSun, IconUser } from '@tabler/icons-react';
import { Suspense, useEffect } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { GRAPHIQL_URL } from '../api/addresses.ts';
import { useMay, useSession } from '../api/session.tsx';
import { useLiveState } from '../api/useLive.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { useNow } from '../time/clock.ts';
import { formatRelative } from '../time/format.ts';
import { PageBoundary } from './PageBoundary.tsx';
import { MENU, ROUTES } from './places.tsx';

/** The frame around every page: where one is, who one is, and whether what is shown is alive. */
export function Shell() {
  const [opened, menu] = useDisclosure();
  const [path] = useLocation();
  const admin = useMay('ADMIN');
  // The link that was followed has gone with its page: without this the keyboard would begin anew above the menu.
  useEffect(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('#content')?.focus({ preventScroll: true });
  }, [path]);
  const bare = ROUTES.find((place) => place.bare === true && place.path === path);
  if (bare)
    return (
      <PageBoundary>
        <Suspense fallback={null}>
          <bare.page />
        </Suspense>
      </PageBoundary>
    );

  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'sm', md: 'lg' }}
    >
      <a className="skip" href="#content" onClick={(event) => skip(event)}>
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label="Menu" aria-expanded={opened} />
            <Anchor component={Link} href="/" c="inherit" fw={700} underline="never">
              Carillon
            </Anchor>
            <LiveSign />
          </Group>
          <Group gap={4} wrap="nowrap">
            <SchemeSwitch />
            <ViewerMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        <AppShell.Section grow component={ScrollArea}>
          {MENU.filter((item) => admin || item.admin !== true).map(({ href, label, icon: Icon }) => (
            <NavLink
              key={href}
              component={Link}
              href={href}
              label={label}
              leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
              active={href === '/' ? path === '/' : path.startsWith(href)}
              onClick={menu.close}
            />
          ))}
        </AppShell.Section>
        <AppShell.Section>
          <NavLink href={GRAPHIQL_URL} label="API (GraphiQL)" target="_blank" rel="noreferrer" />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <LostBanner />
        <PageBoundary key={path}>
          <Suspense fallback={<Loader size="sm" aria-label="Loading" />}>
            <Switch>
              {ROUTES.map(({ path: pattern, page: Page }) => (
                <Route key={pattern} path={pattern}>
                  {(params) => <Page {...(params as Record<string, string>)} />}
                </Route>
              ))}
              <Route>
                <PageHead title="There is no such page" />
                <Anchor component={Link} href="/">
                  To the overview
                </Anchor>
              </Route>
            </Switch>
          </Suspense>
        </PageBoundary>
      </AppShell.Main>
    </AppShell>
  );
}

function skip(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content')?.focus();
}

function LiveSign() {
  const { status } = useLiveState();
  const live = status === 'LIVE';
  const [color, word] = live ? ['green', 'Live'] : status === 'CONNECTING' ? ['gray', 'Connecting'] : ['red', 'Not connected'];
  return (
    <Tooltip label={live ? 'Changes are shown as they happen.' : 'What is shown may be old.'}>
      <Group gap={6} wrap="nowrap" tabIndex={0}>
        <span style={{ width: 8, height: 8, borderRadius: 4, background: `var(--mantine-color-${color}-6)` }} aria-hidden />
        <Text size="sm" c="dimmed" visibleFrom="xs">
          {word}
        </Text>
      </Group>
    </Tooltip>
  );
}

/** Over every page while the connection is lost; what was missed is caught up with when it is back. */
function LostBanner() {
  const { status, since } = useLiveState();
  if (status !== 'LOST') return null;
  return (
    <Alert
      color="red"
      icon={<IconPlugConnectedX />}
      mb="md"
      title={<span role="alert">The connection to the server is lost</span>}
    >
      What is shown was true <Since at={since} />. It is tried again all the time; what was missed is caught up with then.
    </Alert>
  );
}

/** It ticks: outside of what is read out by itself. */
function Since({ at }: { at: number }) {
  return <>{formatRelative(at, Math.max(useNow(), at + 1000))}</>;
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const next = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => setColorScheme(next)} aria-label={`Show it ${next}`}>
      {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}

function ViewerMenu() {
  const { viewer, server, leave } = useSession();
  const anonymous = viewer.actor.kind === 'ANONYMOUS';
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Who is logged in">
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {anonymous ? 'Without a token' : (viewer.actor.name ?? viewer.actor.id)} · {viewer.role}
        </Menu.Label>
        <Menu.Label>
          Carillon {server.version}, time zone data {server.tzdata}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={anonymous ? <IconLogin size={16} /> : <IconLogout size={16} />} onClick={leave}>
          {anonymous ? 'Log in' : 'Log out'}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
