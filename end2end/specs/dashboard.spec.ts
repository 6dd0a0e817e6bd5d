import { type Page } from '@playwright/test';

import { arrives, enterPair, field, newcomer, open, press, says } from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const PAGES = [
  ['Overview', '/dashboard'],
  ['Profile', '/dashboard/profile'],
  ['Security', '/dashboard/security'],
  ['Linked accounts', '/dashboard/linked-accounts'],
  ['Sessions', '/dashboard/sessions'],
] as const;

/** Whatever a page shows while it waits. */
const WAITING = '[aria-busy=true], [role=progressbar], progress, button[disabled], button[aria-disabled=true]';

function link(page: Page, name: string) {
  return page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name, exact: true });
}

bothWays(() => {
  test('every page is reached by its link, which is marked as current', async ({ page }) => {
    await newcomer(page);
    for (const [name, path] of PAGES) {
      await link(page, name).click();
      await arrives(page, path);
      await expect(page).toHaveTitle(new RegExp(`^${name}\\b`));
      await expect(link(page, name)).toHaveAttribute('aria-current', 'page');
      await expect(page.getByRole('navigation', { name: 'Dashboard' }).locator('[aria-current]')).toHaveCount(1);
    }
  });

  test('every page can be opened by its address', async ({ page }) => {
    await newcomer(page);
    for (const [, path] of PAGES) {
      await open(page, path);
      await arrives(page, path);
    }
  });

  test('a session that ended meanwhile leads to the sign-in and back', async ({ page }) => {
    const email = await newcomer(page);
    await open(page, '/dashboard/profile');
    await page.context().clearCookies({ name: 'portcullis' });

    await field(page, 'Display name').fill('Ada');
    await press(page, 'Save name');
    await arrives(page, '/sign-in?next=/dashboard/profile');
    await enterPair(page, email);
    await arrives(page, '/dashboard/profile');
  });
});

test('all pages are one document', async ({ page }) => {
  await newcomer(page);
  let documents = 0;
  page.on('request', (it) => {
    if (it.isNavigationRequest()) documents += 1;
  });
  await open(page, '/dashboard');

  const shows = async (name: string, path: string) => {
    await arrives(page, path);
    await expect(page).toHaveTitle(new RegExp(`^${name}\\b`));
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  };
  const later = PAGES.slice(1);
  for (const [name, path] of later) {
    await link(page, name).click();
    await shows(name, path);
  }
  for (const [name, path] of PAGES.slice(0, -1).reverse()) {
    await page.goBack();
    await shows(name, path);
  }
  for (const [name, path] of later) {
    await page.goForward();
    await shows(name, path);
  }
  expect(documents).toBe(1);
});

test('a form that waits for its answer shows it', async ({ page }) => {
  await newcomer(page);
  await open(page, '/dashboard/profile');
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/profile/display-name', async (route) => {
    await held;
    await route.continue();
  });
  await expect(page.locator(WAITING)).toHaveCount(0);

  await field(page, 'Display name').fill('Ada');
  await press(page, 'Save name');
  await expect(page.locator(WAITING).first()).toBeVisible();
  await expect(page.getByText('Your name is saved.')).toHaveCount(0);

  answer();
  await says(page, 'Your name is saved.');
  await expect(page.locator(WAITING)).toHaveCount(0);
});

test('a page that waits for its content shows it', async ({ page }) => {
  await newcomer(page);
  await open(page, '/dashboard');
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/sessions*', async (route) => {
    await held;
    await route.continue();
  });
  await expect(page.locator(WAITING)).toHaveCount(0);

  await link(page, 'Sessions').click();
  await expect(page.locator(WAITING).first()).toBeVisible();

  answer();
  await arrives(page, '/dashboard/sessions');
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(1);
  await expect(page.locator(WAITING)).toHaveCount(0);
});
