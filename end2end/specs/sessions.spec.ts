import { type Page } from '@playwright/test';

import {
  arrives,
  confirm,
  isSignedIn,
  newUserOnDashboard,
  open,
  refuses,
  says,
  signIn,
  startSession,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

function items(page: Page) {
  return page.getByRole('main').getByRole('listitem');
}

bothWays(() => {
  test('the current session is listed first, marked and named, and cannot be ended there', async ({
    page,
    anotherBrowser,
  }) => {
    const email = await newUserOnDashboard(page);
    await startSession(await anotherBrowser(), email);

    await open(page, '/dashboard/sessions');
    await expect(items(page)).toHaveCount(2);
    const own = items(page).filter({ hasText: 'This browser' });
    await expect(own).toHaveCount(1);
    await expect(own).toContainText('Linux');
    await expect(own.locator('summary')).toHaveCount(0);
    await expect(items(page).first()).toContainText('This browser');
  });

  test('each session shows when it started and was last seen, as relative and exact times', async ({
    page,
    anotherBrowser,
  }) => {
    const began = Date.now();
    const email = await newUserOnDashboard(page);
    await startSession(await anotherBrowser(), email);

    await open(page, '/dashboard/sessions');
    for (const item of await items(page).all()) {
      await expect(item).toContainText(/Signed in with password just now, last seen just now/);
      const times = item.locator('time');
      await expect(times).toHaveCount(2);
      for (const time of await times.all()) {
        await expect(time).toHaveText('just now');
        const exact = (await time.getAttribute('datetime'))!;
        expect(exact).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        await expect(time).toHaveAttribute('title', exact);
        // The times are in whole seconds.
        expect(Date.parse(exact)).toBeGreaterThan(began - 1000);
        expect(Date.parse(exact)).toBeLessThanOrEqual(Date.now());
      }
    }
  });

  test('ending another session signs out that browser only', async ({ page, anotherBrowser }) => {
    const email = await newUserOnDashboard(page);
    const other = await anotherBrowser();
    await signIn(other, email);

    await open(page, '/dashboard/sessions');
    await confirm(items(page), 'End session');
    await says(page, 'Session ended.');
    await expect(items(page)).toHaveCount(1);

    expect(await isSignedIn(other)).toBe(false);
    expect(await isSignedIn(page)).toBe(true);
    await open(other, '/dashboard/profile');
    await arrives(other, '/sign-in?next=/dashboard/profile');
  });

  test('ending a session leaves no other confirmation open', async ({ page, anotherBrowser }) => {
    const email = await newUserOnDashboard(page);
    for (let n = 0; n < 2; n += 1) await startSession(await anotherBrowser(), email);

    await open(page, '/dashboard/sessions');
    await confirm(items(page).nth(1), 'End session');
    await says(page, 'Session ended.');
    await expect(items(page)).toHaveCount(2);
    await expect(page.locator('details[open]')).toHaveCount(0);
  });

  test('ending all other sessions signs out every browser but this one', async ({ page, anotherBrowser }) => {
    const email = await newUserOnDashboard(page);
    const others = [await anotherBrowser(), await anotherBrowser()];
    for (const other of others) await signIn(other, email);

    await open(page, '/dashboard/sessions');
    await expect(items(page)).toHaveCount(3);
    await confirm(page, 'End all other sessions');
    await says(page, 'All other sessions ended.');
    await expect(items(page)).toHaveCount(1);

    for (const other of others) expect(await isSignedIn(other)).toBe(false);
    expect(await isSignedIn(page)).toBe(true);
  });

  test("a user cannot end another user's session by its id", async ({ page, anotherBrowser }) => {
    const owner = await anotherBrowser();
    const target = await anotherBrowser();
    await signIn(target, await newUserOnDashboard(owner));
    await open(owner, '/dashboard/sessions');
    const id = await items(owner).locator('input[name=id]').inputValue();

    const email = await newUserOnDashboard(page);
    await startSession(await anotherBrowser(), email);
    await open(page, '/dashboard/sessions');
    const form = items(page).locator('form').filter({ has: page.locator('input[name=id]') });
    await form.locator('input[name=id]').evaluate((it: HTMLInputElement, id) => (it.value = id), id);
    await confirm(items(page), 'End session');
    await says(page, 'Session ended.');
    expect(await isSignedIn(target)).toBe(true);
    await expect(items(page)).toHaveCount(2);
  });
});

test('ending a session disables only its button meanwhile and shows one error on failure', async ({
  page,
  anotherBrowser,
  faults,
}) => {
  faults.tolerate(/^console error: Failed to load resource: the server responded with a status of 503 /);
  const email = await newUserOnDashboard(page);
  for (let n = 0; n < 2; n += 1) await startSession(await anotherBrowser(), email);
  await open(page, '/dashboard/sessions');
  let refuse = () => {};
  const held = new Promise<void>((resolve) => (refuse = resolve));
  await page.route('**/api/sessions/end', async (route) => {
    await held;
    await route.fulfill({ status: 503, contentType: 'application/json', body: '"unavailable"' });
  });
  await confirm(items(page).nth(1), 'End session');
  await expect.soft(page.locator('[aria-disabled=true]')).toHaveCount(1);
  refuse();
  await refuses(items(page).nth(1), "Temporarily unavailable.");
  await expect(page.getByRole('alert')).toHaveCount(1);
});
