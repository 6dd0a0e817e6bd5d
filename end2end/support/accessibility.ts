import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import { type Page, expect } from '@playwright/test';

const ARTIFACTS = join(import.meta.dirname, '../artifacts');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = [390, 1280];
const SCHEMES = ['light', 'dark'] as const;

/** Checks a page in all widths and colour schemes. `show` opens it again in each scheme. */
export async function inspect(page: Page, name: string, show: () => Promise<void>): Promise<void> {
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, forcedColors: 'none' });
    await show();
    for (const width of WIDTHS) {
      const look = `${name}-${width}-${scheme}`;
      await captureAndCheckWidth(page, look, width);
      await expectAccessible(page, look);
    }
    // A window of 1280 px, zoomed in four times.
    await captureAndCheckWidth(page, `${name}-320-${scheme}`, 320);
  }
  // The colours are the system's then: axe has nothing to measure.
  await page.emulateMedia({ forcedColors: 'active' });
  await captureAndCheckWidth(page, `${name}-390-forced`, 390);
}

/** Takes a screenshot of a page, and checks that it fits its window. */
async function captureAndCheckWidth(page: Page, look: string, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 800 });
  await page.screenshot({ path: join(ARTIFACTS, `${look}.png`), fullPage: true });
  const overflow = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  expect.soft(overflow, `${look} is wider than its window`).toBe(0);
}

async function expectAccessible(page: Page, look: string): Promise<void> {
  const axe = new AxeBuilder({ page }).options({
    runOnly: { type: 'tag', values: RULES },
    // A contrast of 7:1, not only the 4.5:1 of AA.
    rules: { 'color-contrast-enhanced': { enabled: true } },
  });
  const { violations, passes } = await axe.analyze();
  const found = violations.flatMap((it) =>
    it.nodes.map((node) => `${it.id}: ${node.target.join(' ')} (${node.failureSummary})`),
  );
  expect.soft(found, look).toEqual([]);
  expect(passes.length, `rules that were applied to ${look}`).toBeGreaterThan(10);
  expect(passes.map((it) => it.id)).toContain('color-contrast-enhanced');
}
