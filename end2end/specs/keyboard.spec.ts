import { type Page } from '@playwright/test';

import { PASSWORD, arrives, disclosure, field, newAddress, newcomer, open, says, signIn, signUp } from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

/** What a visitor hears at each stop, once round, from the top of the page. */
async function stops(page: Page): Promise<string[]> {
  const seen = new Map<number, string>();
  for (;;) {
    await page.keyboard.press('Tab');
    const [place, name] = await page.evaluate(() => {
      const at = document.activeElement ?? document.body;
      const label = at instanceof HTMLInputElement ? at.labels?.[0]?.textContent : at.textContent;
      return [[...document.querySelectorAll('*')].indexOf(at), (label ?? '').trim()] as const;
    });
    if (seen.has(place)) break;
    seen.set(place, name);
  }
  // A page may begin anywhere, and passes through the browser's own stops.
  const names = [...seen.values()];
  const top = names.findIndex((it) => it.startsWith('Skip to'));
  return [...names.slice(top), ...names.slice(0, top)];
}

bothWays(() => {
  test('the first stop skips to the content', async ({ page }) => {
    for (const path of ['/', '/dashboard/profile']) {
      // The first is for strangers.
      if (path !== '/') await newcomer(page);
      await open(page, path);
      await page.keyboard.press('Tab');
      const skip = page.locator(':focus');
      await expect(skip).toHaveText(/^Skip to/);
      await expect(skip).toBeInViewport();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await expect(page.getByRole('main').locator(':focus')).toHaveCount(1);
    }
  });

  test('the sign-in is walked through in the order in which it is read', async ({ page }) => {
    await open(page, '/sign-in');
    const all = await stops(page);
    for (const name of [/Continue with Test OIDC/, /Continue with Forge/]) {
      expect(all).toContainEqual(expect.stringMatching(name));
    }
    const form = all.filter((it) => /^(E-mail|Password|Keep me signed in|Sign in.*)$/.test(it));
    expect(form).toEqual(['E-mail', 'Password', 'Keep me signed in', expect.stringMatching(/^Sign in/)]);
    expect(all[0]).toMatch(/^Skip to/);
    await expect(page.locator('[tabindex]:not([tabindex="0"], [tabindex="-1"])')).toHaveCount(0);
  });

  test('Enter sends a form', async ({ page }) => {
    const email = newAddress();
    await signUp(page, email);
    await arrives(page, '/sign-in');
    await field(page, 'E-mail').fill(email);
    await field(page, 'Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await arrives(page, '/dashboard');

    await open(page, '/dashboard/profile');
    await field(page, 'Display name').fill('Ada');
    await page.keyboard.press('Enter');
    await says(page, 'Your name is saved.');
  });

  test('a session is ended from the keyboard', async ({ page, anotherBrowser }) => {
    const email = await newcomer(page);
    const other = await anotherBrowser();
    await signIn(other, email);

    await open(page, '/dashboard/sessions');
    await disclosure(page, 'End all other sessions').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await says(page, 'All other sessions are ended.');
  });
});
