import { type Page } from '@playwright/test';

import { arrives, field, open } from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

/** Links in the page itself: the name, the path, and the heading there. */
const WALK = [
  ['Create an account', '/sign-up', 'Create your account'],
  ['Sign in', '/sign-in', 'Sign in'],
  ['Forgot your password?', '/recovery', 'Reset your password'],
] as const;

function follow(page: Page, link: string): Promise<void> {
  return page.getByRole('main').getByRole('link', { name: link, exact: true }).click();
}

bothWays(() => {
  test('the start page is the sign-in page, and links lead on from it', async ({ page }) => {
    await open(page, '/');
    await expect(page).toHaveTitle('Sign in · Portcullis');
    await expect(field(page, 'Email')).toBeFocused();
    for (const [link, path, title] of WALK) {
      await follow(page, link);
      await arrives(page, path);
      await expect(page).toHaveTitle(`${title} · Portcullis`);
    }
  });
});

test('links, back and forward move between public pages without loading another document', async ({ page }) => {
  let documents = 0;
  page.on('request', (it) => {
    if (it.isNavigationRequest()) documents += 1;
  });
  await open(page, '/');
  const shows = async (path: string, title: string) => {
    await arrives(page, path);
    await expect(page).toHaveTitle(`${title} · Portcullis`);
    // The sign-in and recovery pages focus their first field instead.
    await expect(page.locator('h1:focus, input:focus')).toHaveCount(1);
  };
  for (const [link, path, title] of WALK) {
    await follow(page, link);
    await shows(path, title);
  }
  for (const [, path, title] of WALK.slice(0, -1).reverse()) {
    await page.goBack();
    await shows(path, title);
  }
  await page.goForward();
  await shows('/sign-in', 'Sign in');
  expect(documents).toBe(1);
});

test('a link to an unknown page shows the not-found page without loading another document', async ({ page }) => {
  let documents = 0;
  page.on('request', (it) => {
    if (it.isNavigationRequest()) documents += 1;
  });
  await open(page, '/');
  await page.evaluate(() => {
    const link = Object.assign(document.createElement('a'), { href: '/nowhere', textContent: 'Nowhere' });
    document.querySelector('main')!.append(link);
  });
  await follow(page, 'Nowhere');
  await arrives(page, '/nowhere');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page not found');
  await expect(page).toHaveTitle('Page not found · Portcullis');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  expect(documents).toBe(1);
});
