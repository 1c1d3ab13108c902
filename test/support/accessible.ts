import axe from 'axe-core';
import type { Page } from 'playwright-core';

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
