import { type Page } from '@playwright/test';

import {
  PASSWORD,
  arrives,
  confirm,
  continueWith,
  field,
  markScriptless,
  newEmail,
  newName,
  open,
  press,
  ready,
  refusesField,
  says,
  signIn,
  signInAtIdp,
  waitForAutofocus,
} from '../support/steps.ts';
import { expect, test } from '../support/test.ts';

const WASM = '**/*.wasm';

/** Uses every form, in a browser marked as one without scripts. */
async function useEveryForm(page: Page, other: Page): Promise<void> {
  const email = newEmail();
  await open(page, '/sign-up');
  await field(page, 'Email').fill(email);
  await field(page, 'Password').fill('too short');
  await press(page, 'Create account');
  await refusesField(page, 'Password', 'Use 15 characters or more.');
  await field(page, 'Password').fill(PASSWORD);
  await press(page, 'Create account');
  await arrives(page, '/sign-in');
  await says(page, 'your account is ready');
  await field(page, 'Email').fill(email);
  await field(page, 'Password').fill(PASSWORD);
  await press(page, 'Sign in');
  await arrives(page, '/dashboard');

  await open(page, '/dashboard/profile');
  await field(page, 'Display name').fill('Ada');
  await press(page, 'Save name');
  await says(page, 'Name saved.');
  await field(page, 'Dark').check();
  await press(page, 'Save appearance');
  await says(page, 'Appearance saved.');

  await open(page, '/dashboard/security');
  await field(page, 'Current password').fill(PASSWORD);
  await field(page, 'New password').fill(PASSWORD);
  await press(page, 'Change password');
  await says(page, 'Password changed.');

  await signIn(other, email);
  await open(page, '/dashboard/sessions');
  await confirm(page.getByRole('main').getByRole('listitem'), 'End session');
  await says(page, 'Session ended.');
  await signIn(other, email);
  await open(page, '/dashboard/sessions');
  await confirm(page, 'End all other sessions');
  await says(page, 'All other sessions ended.');

  await open(page, '/dashboard/linked-accounts');
  await press(page, 'Link Test OIDC');
  await signInAtIdp(page, newName());
  await arrives(page, '/dashboard/linked-accounts');
  await says(page, 'Account linked.');
  await confirm(page, 'Unlink Test OIDC');
  await says(page, 'Account unlinked.');

  await press(page, 'Sign out');
  await arrives(page, '/sign-in');
  await says(page, 'You are signed out.');

  // The provider remembers its user, whose account is no longer linked here.
  await continueWith(page, 'Test OIDC');
  await arrives(page, '/dashboard');
  await open(page, '/dashboard/security');
  await field(page, 'New password').fill(PASSWORD);
  await press(page, 'Set password');
  await says(page, 'Password set.');
}

test('every form works if the WebAssembly module fails to load', async ({ page, anotherBrowser, faults }) => {
  test.setTimeout(90_000);
  markScriptless(page.context());
  faults.tolerate(/^request failed: \S+\.wasm /);
  faults.tolerate(/^console \w+: .*\(\S+\.wasm\)$/);
  await page.route(WASM, (route) => route.abort());
  await useEveryForm(page, await anotherBrowser());
  await expect(page.locator('html[data-hydrated]')).toHaveCount(0);
});

test('every form works while the WebAssembly module is loading', async ({ page, anotherBrowser }) => {
  test.setTimeout(90_000);
  markScriptless(page.context());
  await page.route(WASM, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    await route.continue().catch(() => {});
  });
  await useEveryForm(page, await anotherBrowser());
});

test('hydration preserves typed input and focus', async ({ page, faults }) => {
  test.setTimeout(60_000);
  await page.route(WASM, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    await route.continue();
  });
  await page.goto('/sign-in');
  await waitForAutofocus(page);
  const email = newEmail();
  await field(page, 'Password').fill(PASSWORD);
  await field(page, 'Keep me signed in').check();
  await field(page, 'Email').fill(email);
  await expect(page.locator('html[data-hydrated]')).toHaveCount(0);

  await page.locator('html[data-hydrated]').waitFor({ state: 'attached', timeout: 20_000 });
  await expect(field(page, 'Email')).toHaveValue(email);
  await expect(field(page, 'Email')).toBeFocused();
  await expect(field(page, 'Password')).toHaveValue(PASSWORD);
  await expect(field(page, 'Keep me signed in')).toBeChecked();

  await ready(page);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toContainText("That email and password don't match.");
  expect(faults.all).toEqual([]);
});

test('a form shows an error and keeps the email if the server is unreachable', async ({ page, faults }) => {
  // The page asks for a challenge by itself, before the server is gone or after.
  faults.tolerate(/^request failed: \S+\/api\/sign-in\/(password|passkey\/begin) /);
  faults.tolerate(/^console error: Failed to load resource: net::ERR_CONNECTION_REFUSED \(\S+\/api\//);
  await open(page, '/sign-in');
  await page.route('**/api/**', (route) => route.abort('connectionrefused'));
  const email = newEmail();
  await field(page, 'Email').fill(email);
  await field(page, 'Password').fill(PASSWORD);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toContainText("The server can't be reached.");
  await expect(field(page, 'Email')).toHaveValue(email);
});

test('internal form parameters are removed from the URL of an opened page', async ({ page }) => {
  await open(page, '/sign-in?__path=/api/sign-in/password&__err=x&next=/dashboard/profile');
  await expect(page).toHaveURL('/sign-in?next=/dashboard/profile');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(field(page, 'Email')).toBeFocused();
  // After each test the `faults` fixture checks that the console stayed empty.
});
