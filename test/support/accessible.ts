import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import type { TestPage } from './browser.ts';

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds serious or critical on the page as it stands; evaluated, for the page's policy forbids further scripts. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // Colours in the middle of a change are none that anybody reads.
  await page.evaluate(
    'Promise.allSettled(document.getAnimations().filter((each) => each instanceof CSSTransition).map(({ finished }) => finished))',
  );
  const violations: Violation[] = await page.evaluate(async () => {
    const there = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    return (await there.axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`));
}

/** That axe finds nothing serious on the page as it stands, in light and in dark. */
export async function noViolations({ page, complaints }: TestPage): Promise<void> {
  const before = complaints.length;
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.locator(`html[data-mantine-color-scheme=${scheme}]`).waitFor();
    assert.deepEqual(await seriousViolations(page), [], `${page.url()} ${scheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  // What axe itself does with styles is against the policy of the page.
  complaints.splice(before);
}
