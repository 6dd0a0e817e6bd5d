import { type Page } from '@playwright/test';

import {
  arrives,
  field,
  hold,
  newUser,
  newUserOnDashboard,
  open,
  press,
  says,
  submitSignIn,
  warns,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const PAGES = [
  ['Overview', '/dashboard'],
  ['Profile', '/dashboard/profile'],
  ['Security', '/dashboard/security'],
  ['Linked accounts', '/dashboard/linked-accounts'],
  ['Sessions', '/dashboard/sessions'],
] as const;

/** Everything that a page shows while it loads. */
const WAITING = '[aria-busy=true], [role=progressbar], progress, button[disabled], button[aria-disabled=true]';

function link(page: Page, name: string) {
  return page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name, exact: true });
}

bothWays(() => {
  test('each navigation link opens its page and is then marked as current', async ({ page }) => {
    await newUserOnDashboard(page);
    for (const [name, path] of PAGES) {
      await link(page, name).click();
      await arrives(page, path);
      await expect(page).toHaveTitle(new RegExp(`^${name}\\b`));
      await expect(link(page, name)).toHaveAttribute('aria-current', 'page');
      await expect(page.getByRole('navigation', { name: 'Dashboard' }).locator('[aria-current]')).toHaveCount(1);
    }
  });

  test('every page can be opened by its URL', async ({ page }) => {
    await newUser(page);
    for (const [, path] of PAGES) {
      await open(page, path);
      await arrives(page, path);
    }
  });

  test('submitting a form without a session leads to sign-in and back to the page', async ({ page }) => {
    const email = await newUser(page);
    await open(page, '/dashboard/profile');
    await page.context().clearCookies({ name: 'portcullis' });

    await field(page, 'Display name').fill('Ada');
    await press(page, 'Save name');
    await arrives(page, '/sign-in?next=/dashboard/profile');
    await submitSignIn(page, email);
    await arrives(page, '/dashboard/profile');
  });
});

test('links, back and forward move between dashboard pages without loading another document', async ({ page }) => {
  await newUserOnDashboard(page);
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

test('a form shows progress while its request is pending', async ({ page }) => {
  await newUser(page);
  await open(page, '/dashboard/profile');
  const { release } = await hold(page, '**/api/profile/display-name');
  await expect(page.locator(WAITING)).toHaveCount(0);

  await field(page, 'Display name').fill('Ada');
  await press(page, 'Save name');
  await expect(page.locator(WAITING).first()).toBeVisible();
  await expect(page.getByText('Name saved.')).toHaveCount(0);

  release();
  await says(page, 'Name saved.');
  await expect(page.locator(WAITING)).toHaveCount(0);
});

test('a page shows progress while its content is loading', async ({ page }) => {
  await newUser(page);
  await open(page, '/dashboard');
  const { release } = await hold(page, '**/api/sessions*');
  await expect(page.locator(WAITING)).toHaveCount(0);

  await link(page, 'Sessions').click();
  await expect(page.locator(WAITING).first()).toBeVisible();

  release();
  await arrives(page, '/dashboard/sessions');
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(1);
  await expect(page.locator(WAITING)).toHaveCount(0);
});

test('a success notice is shown once', async ({ page }) => {
  await newUser(page);
  await open(page, '/dashboard/profile');
  await field(page, 'Display name').fill('Ada');
  await press(page, 'Save name');
  await says(page, 'Name saved.');
  await link(page, 'Security').click();
  await arrives(page, '/dashboard/security');
  await link(page, 'Profile').click();
  await arrives(page, '/dashboard/profile');
  await expect(page.getByText('Name saved.')).toHaveCount(0);
});

test('a list that fails to load shows a warning and loads on retry', async ({ page, faults }) => {
  faults.tolerate(/^console error: Failed to load resource: the server responded with a status of 503 /);
  await newUser(page);
  await open(page, '/dashboard');
  await page.route('**/api/sessions', (route) =>
    route.fulfill({ status: 503, contentType: 'application/json', body: '"unavailable"' }),
  );
  const main = page.getByRole('main');
  const tryAgain = main.getByRole('link', { name: 'Try again', exact: true });
  await link(page, 'Sessions').click();
  await warns(page, "Temporarily unavailable.");
  await expect(main.getByRole('listitem')).toHaveCount(0);

  const askedAgain = page.waitForResponse('**/api/sessions');
  await tryAgain.click();
  await askedAgain;
  await warns(page, "Temporarily unavailable.");

  await page.unroute('**/api/sessions');
  await tryAgain.click();
  await expect(main.getByRole('listitem')).toHaveCount(1);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await arrives(page, '/dashboard/sessions');
});
