import { type Locator, type Page } from '@playwright/test';

import { signInAsAdministrator } from '../support/administration.ts';
import {
  PASSWORD,
  arrives,
  disclosure,
  field,
  newEmail,
  newUser,
  newUserOnDashboard,
  open,
  ready,
  refuses,
  says,
  signIn,
  signUp,
  startSession,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

/** Returns the label of each tab stop, once round, from the top of the page. */
async function tabStops(page: Page): Promise<string[]> {
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
  // Tab may start anywhere and passes through the browser's own stops.
  const names = [...seen.values()];
  const top = names.findIndex((it) => it.startsWith('Skip to'));
  return [...names.slice(top), ...names.slice(0, top)];
}

/** Presses Tab until the stop with this name has the focus. */
async function tabTo(page: Page, role: 'button' | 'checkbox' | 'link' | 'textbox', name: string): Promise<void> {
  return tabToLocator(page, role === 'textbox' ? field(page, name) : page.getByRole(role, { name, exact: true }));
}

async function tabToLocator(page: Page, target: Locator): Promise<void> {
  await expect(target).toHaveCount(1);
  for (let presses = 0; presses < 60; presses += 1) {
    if (await target.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no Tab leads to ${target}`);
}

/** Checks that the focused element is in view and has a focus ring. */
async function expectVisibleFocus(page: Page): Promise<void> {
  const focused = page.locator(':focus');
  await expect(focused).toBeInViewport();
  const [style, width] = await focused.evaluate((it) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(it);
    return [outlineStyle, outlineWidth];
  });
  expect([style, width]).toEqual(['solid', '2px']);
}

bothWays(() => {
  test('the first tab stop skips to the content', async ({ page }) => {
    for (const path of ['/ticket', '/dashboard/profile']) {
      // The first page is for visitors, and focuses no field.
      if (path !== '/ticket') await newUser(page);
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

  test('the tab order of the sign-in page follows its reading order', async ({ page, javaScriptEnabled }) => {
    await open(page, '/sign-in');
    const all = await tabStops(page);
    for (const name of [/Continue with Test OIDC/, /Continue with Forge/]) {
      expect(all).toContainEqual(expect.stringMatching(name));
    }
    const form = all.filter((it) => /^(Email|Password|Keep me signed in|Sign in.*)$/.test(it));
    expect(form.slice(0, 3)).toEqual(['Email', 'Password', 'Keep me signed in']);
    const passkey = javaScriptEnabled ? [expect.stringMatching(/^Sign in with a passkey/)] : [];
    expect(form.slice(3)).toEqual([expect.stringMatching(/^Sign in(Signing in…)?$/), ...passkey, 'Sign in by email']);
    expect(all[0]).toMatch(/^Skip to/);
    await expect(page.locator('[tabindex]:not([tabindex="0"], [tabindex="-1"])')).toHaveCount(0);
  });

  test('Enter submits a form', async ({ page }) => {
    const email = newEmail();
    await signUp(page, email);
    await arrives(page, '/sign-in');
    await field(page, 'Email').fill(email);
    await field(page, 'Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await arrives(page, '/dashboard');

    await open(page, '/dashboard/profile');
    await field(page, 'Display name').fill('Ada');
    await page.keyboard.press('Enter');
    await says(page, 'Name saved.');
  });

  test('a user can sign up, sign in, change the password and sign out with the keyboard alone', async ({ page }) => {
    const email = newEmail();
    const enter = async (label: string, text: string) => {
      await tabTo(page, 'textbox', label);
      await expectVisibleFocus(page);
      await page.keyboard.insertText(text);
    };
    const act = async (role: 'button' | 'link', name: string) => {
      await tabTo(page, role, name);
      await expectVisibleFocus(page);
      await page.keyboard.press('Enter');
    };

    await open(page, '/');
    await act('link', 'Create an account');
    await arrives(page, '/sign-up');
    await enter('Email', email);
    await enter('Password', PASSWORD);
    await act('button', 'Create account');
    await arrives(page, '/sign-in');

    await enter('Email', email);
    await enter('Password', 'not the password');
    await page.keyboard.press('Enter');
    await refuses(page, "That email and password don't match.");
    await arrives(page, '/sign-in');
    await enter('Password', PASSWORD);
    await tabTo(page, 'checkbox', 'Keep me signed in');
    await expectVisibleFocus(page);
    await page.keyboard.press('Space');
    await expect(field(page, 'Keep me signed in')).toBeChecked();
    await act('button', 'Sign in');
    await arrives(page, '/dashboard');

    await act('link', 'Security');
    await arrives(page, '/dashboard/security');
    await enter('Current password', PASSWORD);
    await enter('New password', 'another few words here');
    await act('button', 'Change password');
    await says(page, 'Password changed.');
    await ready(page);

    await act('button', 'Sign out');
    await arrives(page, '/sign-in');
    await says(page, 'You are signed out.');
  });

  test('an administrator can find and disable a user with the keyboard alone', async ({
    page,
    portcullis,
    anotherBrowser,
  }) => {
    const email = await newUser(await anotherBrowser());
    await signInAsAdministrator(page, portcullis);
    const enter = async (label: string, text: string) => {
      await tabTo(page, 'textbox', label);
      await expectVisibleFocus(page);
      await page.keyboard.insertText(text);
    };
    await open(page, '/dashboard');
    await tabTo(page, 'link', 'Administration');
    await page.keyboard.press('Enter');
    await arrives(page, '/admin');
    await tabTo(page, 'link', 'Users');
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await arrives(page, '/admin/users');
    await enter('Email or name', email.split('@')[0]!);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('row')).toHaveCount(2);
    await ready(page);
    await tabTo(page, 'link', email);
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('User');
    await ready(page);
    await expect(disclosure(page, 'Disable user')).toBeVisible();
    await tabToLocator(page, disclosure(page, 'Disable user'));
    await expectVisibleFocus(page);
    await page.keyboard.press('Enter');
    await enter('Reason', 'sends spam');
    await page.keyboard.press('Enter');
    await says(page, 'User disabled and signed out everywhere.');
  });

  test('all other sessions can be ended with the keyboard', async ({ page, anotherBrowser }) => {
    const email = await newUserOnDashboard(page);
    const other = await anotherBrowser();
    await signIn(other, email);

    await open(page, '/dashboard/sessions');
    await disclosure(page, 'End all other sessions').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await says(page, 'All other sessions ended.');
  });
});

test('the focus stays in the main content when the focused element disappears', async ({ page, anotherBrowser, faults }) => {
  faults.tolerate(/^console error: Failed to load resource: the server responded with a status of 503 /);
  const email = await newUserOnDashboard(page);
  await startSession(await anotherBrowser(), email);
  const expectFocusInContent = () => expect.soft(page.locator('main:focus, main :focus')).toHaveCount(1);

  await open(page, '/dashboard');
  await page.route('**/api/sessions', (route) =>
    route.fulfill({ status: 503, contentType: 'application/json', body: '"unavailable"' }),
  );
  await page.getByRole('link', { name: 'Sessions', exact: true }).press('Enter');
  await page.getByRole('link', { name: 'Try again', exact: true }).focus();
  await page.unroute('**/api/sessions');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(2);
  await expectFocusInContent();

  await disclosure(page, 'End all other sessions').press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await says(page, 'All other sessions ended.');
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(1);
  await expectFocusInContent();
});
