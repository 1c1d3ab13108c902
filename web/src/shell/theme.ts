import { createTheme, rem } from '@mantine/core';
import type { CSSVariablesResolver } from '@mantine/core';

/** Colours are chosen so that text on them, and they as text, have a contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3). */
export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  defaultRadius: 'md',
  components: {
    // Its cross has no text.
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    // What stands there is not read out by itself, time and again while a time in it ticks; what has happened says role="alert".
    Alert: { defaultProps: { role: 'note' } },
  },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: rem(24) }, h2: { fontSize: rem(18) }, h3: { fontSize: rem(15) } } },
});

const COLOURS = ['blue', 'cyan', 'gray', 'grape', 'green', 'indigo', 'orange', 'red', 'teal', 'violet', 'yellow'];

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-6)',
    '--mantine-color-anchor': 'var(--mantine-color-blue-8)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    ...Object.fromEntries(
      COLOURS.map((name) => [
        `--mantine-color-${name}-light-color`,
        `color-mix(in srgb, var(--mantine-color-${name}-9) 70%, black)`,
      ]),
    ),
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-anchor': 'var(--mantine-color-blue-4)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    ...Object.fromEntries(COLOURS.map((name) => [`--mantine-color-${name}-light-color`, `var(--mantine-color-${name}-3)`])),
  },
});
