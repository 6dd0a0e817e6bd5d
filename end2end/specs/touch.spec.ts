import { type Page } from '@playwright/test';

import { PASSWORD, arrives, disclosure, newUserOnDashboard, open, ready, startSession } from '../support/steps.ts';
import { expect, test } from '../support/test.ts';

/** The smallest target that a finger hits without hitting something else, in CSS pixels. */
const FINGER = 44;

test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

/** Returns the controls that are too small for a finger. A checkbox's label is part of it. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((finger) => {
    const all = document.querySelectorAll<HTMLElement>('a, button, summary, input');
    return [...all].flatMap((it) => {
      if (!it.checkVisibility({ visibilityProperty: true }) || it.matches('[tabindex="-1"], .skip:not(:focus)')) return [];
      const target = it.matches('[type=checkbox], [type=radio]') ? it.closest('label')! : it;
      const { width, height } = target.getBoundingClientRect();
      if (Math.min(width, height) >= finger) return [];
      return [`${it.outerHTML.slice(0, 120)} is ${width} × ${height}`];
    });
  }, FINGER);
}

for (const [width, height] of [
  [390, 844],
  // A wide touch screen.
  [1180, 820],
] as const) {
  test(`every touch target is at least ${FINGER} px in each direction on a screen of ${width} px`, async ({
    page,
    anotherBrowser,
  }) => {
    await page.setViewportSize({ width, height });
    for (const path of ['/', '/sign-in', '/sign-up', '/nowhere']) {
      await open(page, path);
      expect.soft(await smallTargets(page), path).toEqual([]);
    }
    await page.keyboard.press('Tab');
    await expect(page.locator('.skip')).toBeFocused();
    expect.soft(await smallTargets(page), 'the skip link').toEqual([]);

    const email = await newUserOnDashboard(page);
    await startSession(await anotherBrowser(), email);
    for (const path of [
      '/dashboard',
      '/dashboard/profile',
      '/dashboard/security',
      '/dashboard/linked-accounts',
      '/dashboard/sessions',
    ]) {
      await open(page, path);
      for (const summary of await page.getByRole('main').locator('summary').all()) await summary.tap();
      expect.soft(await smallTargets(page), path).toEqual([]);
    }
  });
}

test('the navigation bar does not cover the end of a page', async ({ page, anotherBrowser }) => {
  const email = await newUserOnDashboard(page);
  await startSession(await anotherBrowser(), email);
  const bar = page.getByRole('navigation', { name: 'Dashboard' });
  for (const path of ['/dashboard', '/dashboard/profile', '/dashboard/sessions']) {
    await open(page, path);
    for (const summary of await page.getByRole('main').locator('summary').all()) await summary.tap();
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const last = page.getByRole('main').locator('a, button').last();
    const [under, edge] = [(await last.boundingBox())!, (await bar.boundingBox())!];
    expect.soft(under.y + under.height, path).toBeLessThan(edge.y);
    await expect(bar).toBeInViewport({ ratio: 1 });
  }
});

test('a form can be filled and submitted by touch', async ({ page }) => {
  const email = await newUserOnDashboard(page);
  await page.context().clearCookies({ name: 'portcullis' });
  await open(page, '/sign-in');
  await page.getByLabel('Email').tap();
  await page.keyboard.insertText(email);
  await page.getByLabel('Password', { exact: true }).tap();
  await page.keyboard.insertText(PASSWORD);
  await page.getByText('Keep me signed in').tap();
  await expect(page.getByLabel('Keep me signed in')).toBeChecked();
  await page.getByRole('button', { name: 'Sign in', exact: true }).tap();
  await arrives(page, '/dashboard');
  await page.getByRole('link', { name: 'Sessions', exact: true }).tap();
  await arrives(page, '/dashboard/sessions');
  await ready(page);
  await expect(disclosure(page, 'End all other sessions')).toBeVisible();
});

test('navigation bar labels wrap only between words on a 320 px screen', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 568 });
  await newUserOnDashboard(page);
  const bar = page.getByRole('navigation', { name: 'Dashboard' });
  for (const name of ['Overview', 'Profile', 'Security', 'Sessions', 'Activity', 'Linked accounts']) {
    const link = bar.getByRole('link', { name, exact: true });
    // The sixth is under "More", which closes after navigation.
    if (!(await link.isVisible())) await bar.getByRole('link', { name: 'More' }).tap();
    await link.tap();
    if (name === 'Linked accounts') {
      await arrives(page, '/dashboard/linked-accounts');
      await expect(link).toBeHidden();
    } else {
      await expect(link).toHaveAttribute('aria-current', 'page');
    }
    for (const word of await bar.locator('a:visible > span').all()) {
      const [lines, words] = await word.evaluate((it) => {
        const range = document.createRange();
        range.selectNodeContents(it);
        return [range.getClientRects().length, it.textContent!.split(' ').length] as const;
      });
      expect(lines, (await word.textContent())!).toBeLessThanOrEqual(words);
    }
  }
});
