import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import { type Page } from '@playwright/test';

import {
  arrives,
  newcomer,
  newName,
  open,
  press,
  ready,
  refuses,
  signIn,
  signInWithOidc,
} from '../support/steps.ts';
import { expect, test } from '../support/test.ts';

// Four looks each, some of two pages.
test.describe.configure({ timeout: 60_000 });

const ARTIFACTS = join(import.meta.dirname, '../artifacts');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = [390, 1280];
const SCHEMES = ['light', 'dark'] as const;

/** Looks at a page in all its clothes. `show` brings it about again in each scheme. */
async function inspect(page: Page, name: string, show: () => Promise<void>): Promise<void> {
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await show();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const look = `${name}-${width}-${scheme}`;
      await page.screenshot({ path: join(ARTIFACTS, `${look}.png`), fullPage: true });

      const { violations, passes } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      const found = violations.flatMap((it) =>
        it.nodes.map((node) => `${it.id}: ${node.target.join(' ')} (${node.failureSummary})`),
      );
      expect.soft(found, look).toEqual([]);
      expect(passes.length, `rules that were applied to ${look}`).toBeGreaterThan(10);

      const overflow = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      expect.soft(overflow, `${look} is wider than its window`).toBe(0);
    }
  }
}

for (const [name, path] of [
  ['home', '/'],
  ['sign-up', '/sign-up'],
  ['sign-in', '/sign-in'],
  ['not-found', '/nowhere'],
] as const) {
  test(name, ({ page }) => inspect(page, name, () => open(page, path)));
}

for (const [name, path, button] of [
  ['sign-up-refused', '/sign-up', 'Create account'],
  ['sign-in-refused', '/sign-in', 'Sign in'],
] as const) {
  test(name, ({ page }) =>
    inspect(page, name, async () => {
      await open(page, path);
      await press(page, button);
      await refuses(page, 'Some of this needs another look.');
    }),
  );
}

test('signed out', ({ page }) =>
  inspect(page, 'signed-out', async () => {
    await newcomer(page);
    await press(page, 'Sign out');
    await arrives(page, '/sign-in');
    await ready(page);
  }));

for (const [name, path] of [
  ['overview', '/dashboard'],
  ['profile', '/dashboard/profile'],
  ['security', '/dashboard/security'],
  ['linked-accounts', '/dashboard/linked-accounts'],
] as const) {
  test(name, async ({ page }) => {
    await newcomer(page);
    await inspect(page, name, () => open(page, path));
  });
}

test('sessions', async ({ page, anotherBrowser }) => {
  const email = await newcomer(page);
  await signIn(await anotherBrowser(), email);
  await inspect(page, 'sessions', async () => {
    await open(page, '/dashboard/sessions');
    for (const summary of await page.getByRole('main').locator('summary').all()) await summary.click();
  });
});

test('an account without a password', async ({ page }) => {
  await signInWithOidc(page, newName());
  await arrives(page, '/dashboard');
  await inspect(page, 'linked-accounts-last', () => open(page, '/dashboard/linked-accounts'));
  await inspect(page, 'security-first', () => open(page, '/dashboard/security'));
});
