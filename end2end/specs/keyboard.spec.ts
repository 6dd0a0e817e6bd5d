import { type Page } from '@playwright/test';

import { PASSWORD, arrives, disclosure, field, newAddress, newcomer, open, says, signIn, signUp } from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

/** What a visitor hears at each stop, from the top of the page to its end. */
async function stops(page: Page): Promise<string[]> {
  const names: string[] = [];
  for (let n = 0; n < 60; n += 1) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return undefined;
      const label = at instanceof HTMLInputElement ? at.labels?.[0]?.textContent : at.textContent;
      return (at.getAttribute('aria-label') ?? label ?? '').trim();
    });
    if (name === undefined) return names;
    names.push(name);
  }
  throw new Error(`the keyboard is trapped: ${names.join(', ')}`);
}

bothWays(() => {
  test('the first stop skips to the content', async ({ page }) => {
    await newcomer(page);
    for (const path of ['/sign-up', '/dashboard/profile']) {
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
    const form = ['E-mail', 'Password', 'Keep me signed in', 'Sign in'];
    const from = all.indexOf('E-mail');
    expect(all.slice(from).filter((it) => form.includes(it))).toEqual(form);
    expect(all).toContain('Continue with Test OIDC');
    expect(all).toContain('Continue with Forge');
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
