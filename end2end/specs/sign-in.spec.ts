import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  PASSWORD,
  arrives,
  field,
  hold,
  isSignedIn,
  markScriptless,
  newEmail,
  newUserOnDashboard,
  open,
  press,
  refuses,
  refusesField,
  sessionCookie,
  signIn,
  signOut,
  signUp,
  signUpAndIn,
  submitSignIn,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const DAY = 86_400;

bothWays(() => {
  test('the first field has the focus', async ({ page }) => {
    for (const path of ['/sign-in', '/sign-up']) {
      await open(page, path);
      await expect(field(page, 'Email')).toBeFocused();
    }
  });

  test('every field is marked up for password managers', async ({ page }) => {
    const tokens = async (path: string, expected: Record<string, string>) => {
      await open(page, path);
      for (const [label, token] of Object.entries(expected)) {
        await expect(field(page, label)).toHaveAttribute('autocomplete', token);
        await expect(field(page, label)).toHaveAttribute('name', /^[a-z_]+$/);
      }
    };
    await tokens('/sign-up', { 'Email': 'username', Password: 'new-password' });
    await tokens('/sign-in', { 'Email': 'username webauthn', Password: 'current-password' });
    // One form, in which the email and the password belong together.
    await expect(page.locator('form').filter({ has: page.locator('input[name=email]') })).toHaveCount(1);
    await expect(page.locator('form:has(input[name=email]) input[type=password]')).toHaveCount(1);

    const email = await newUserOnDashboard(page);
    await tokens('/dashboard/security', { 'Current password': 'current-password', 'New password': 'new-password' });
    await expect(page.locator('form:has(input[name=new_password]) input[autocomplete=username]')).toHaveValue(email);
  });

  test('a page warns a browser that blocks cookies', async ({
    baseURL,
    javaScriptEnabled,
    launchOptions,
    playwright,
  }, info) => {
    const profile = info.outputPath('profile');
    await mkdir(join(profile, 'Default'), { recursive: true });
    const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
    await writeFile(join(profile, 'Default/Preferences'), JSON.stringify(preferences));
    const browser = await playwright.chromium.launchPersistentContext(profile, {
      ...launchOptions,
      baseURL,
      javaScriptEnabled,
    });
    if (!javaScriptEnabled) markScriptless(browser);
    try {
      const page = await browser.newPage();
      const told = page.getByText('Your browser blocks cookies for this site');
      await open(page, '/sign-in');
      await submitSignIn(page, newEmail());
      await expect(told).toBeVisible();
      await page.goto(`/tickets/${'A'.repeat(43)}`);
      await expect(told).toBeVisible();
    } finally {
      await browser.close();
    }
  });

  test('a wrong email or password is refused; the form keeps the email and clears the password', async ({ page }) => {
    const email = newEmail();
    await signUp(page, email);
    await arrives(page, '/sign-in');

    for (const [address, password] of [
      [email, 'not the password'],
      [newEmail(), 'not the password'],
    ] as const) {
      await open(page, '/sign-in');
      await submitSignIn(page, address, password);
      await refuses(page, "That email and password don't match.");
      await arrives(page, '/sign-in');
      await expect(field(page, 'Email')).toHaveValue(address);
      await expect(field(page, 'Password')).toHaveValue('');
    }
    expect(await sessionCookie(page)).toBeUndefined();
  });

  test('an empty form shows an error at both fields', async ({ page }) => {
    await open(page, '/sign-in');
    await press(page, 'Sign in');
    await refusesField(page, 'Email', 'Enter your email address.');
    await refusesField(page, 'Password', 'Enter a password.');
  });

  test('a session ends with the browser', async ({ page }) => {
    await signUpAndIn(page);
    const cookie = await sessionCookie(page);
    expect(cookie).toMatchObject({ expires: -1, httpOnly: true, sameSite: 'Lax', path: '/' });
  });

  test('a remembered session outlives the browser', async ({ page }) => {
    const email = newEmail();
    await signUp(page, email);
    await arrives(page, '/sign-in');
    await field(page, 'Keep me signed in').check();
    await submitSignIn(page, email);
    await arrives(page, '/dashboard');

    const days = ((await sessionCookie(page))!.expires - Date.now() / 1000) / DAY;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
  });

  test('a page that requires a session redirects to sign-in, which leads back to it', async ({ page }) => {
    const email = newEmail();
    await signUp(page, email);
    await arrives(page, '/sign-in');

    const answer = await page.request.get('/dashboard/sessions', { maxRedirects: 0 });
    expect(answer.status()).toBe(303);
    expect(answer.headers()['location']).toBe('/sign-in?next=/dashboard/sessions');

    await open(page, '/dashboard/sessions');
    await arrives(page, '/sign-in?next=/dashboard/sessions');
    await submitSignIn(page, email, 'not the password');
    await refuses(page, "That email and password don't match.");
    await submitSignIn(page, email);
    await arrives(page, '/dashboard/sessions');
  });

  // Pages decode their query once, in the browser as on the server.
  for (const address of [
    '/dashboard/activity?q=ada+lovelace',
    '/dashboard/activity?q=m%C3%BCller&sort=email',
    '/dashboard/activity?q=ada%40example.com',
    '/dashboard/activity?q=a%26b%3Dc',
    '/dashboard/activity?q=100%25',
    '/dashboard/activity?q=100%2525',
  ]) {
    test(`signing in leads back to ${address}`, async ({ page }) => {
      const email = newEmail();
      await signUp(page, email);
      await arrives(page, '/sign-in');
      await open(page, address);
      await expect(page.locator('input[name="next"]').last()).toHaveValue(address);
      await submitSignIn(page, email, 'not the password');
      await refuses(page, "That email and password don't match.");
      await submitSignIn(page, email);
      await arrives(page, address);
    });
  }

  for (const next of ['//evil.example', 'https://evil.example/dashboard', '/\\evil.example']) {
    test(`next=${next} leads to the dashboard, not to another site`, async ({ page }) => {
      const email = newEmail();
      await signUp(page, email);
      await arrives(page, '/sign-in');
      await open(page, `/sign-in?next=${encodeURIComponent(next)}`);
      await submitSignIn(page, email);
      await arrives(page, '/dashboard');
    });
  }

  test('an invalid session cookie neither signs in nor prevents signing in', async ({ page, baseURL }) => {
    await page.context().addCookies([{ name: 'portcullis', value: 'garbage', url: baseURL }]);
    await open(page, '/dashboard');
    await arrives(page, '/sign-in?next=/dashboard');
    await signUpAndIn(page);
  });

  test('signing out ends the session for every copy of its cookie', async ({ page }) => {
    await signUpAndIn(page);
    const cookie = (await sessionCookie(page))!;
    await signOut(page);
    expect(await sessionCookie(page)).toBeUndefined();
    expect(await isSignedIn(page)).toBe(false);

    await page.context().addCookies([cookie]);
    expect(await isSignedIn(page)).toBe(false);
    await open(page, '/dashboard');
    await arrives(page, '/sign-in?next=/dashboard');
  });

  test('signing in again sets a different session cookie', async ({ page }) => {
    const email = await signUpAndIn(page);
    const before = (await sessionCookie(page))!;
    await signOut(page);
    await signIn(page, email);
    expect((await sessionCookie(page))!.value).not.toBe(before.value);
  });
});

test('the typed password can be shown and hidden', async ({ page }) => {
  await open(page, '/sign-in');
  const password = field(page, 'Password');
  await password.fill(PASSWORD);
  await expect(password).toHaveAttribute('type', 'password');

  const reveal = (name: string) => page.getByRole('button', { name, exact: true });
  await reveal('Show password').click();
  await expect(password).toHaveAttribute('type', 'text');
  await expect(password).toHaveValue(PASSWORD);
  await expect(reveal('Hide password')).toHaveAttribute('aria-pressed', 'true');

  await reveal('Hide password').click();
  await expect(password).toHaveAttribute('type', 'password');
  await expect(reveal('Show password')).toHaveAttribute('aria-pressed', 'false');
});

test('the sign-in button shows progress, submits once and keeps its size', async ({ page }) => {
  await open(page, '/sign-in');
  const { requests, release } = await hold(page, '**/api/sign-in/password');
  const button = page.locator('button.primary');
  await expect(button).toHaveAccessibleName('Sign in');
  const before = await button.boundingBox();

  await submitSignIn(page, newEmail());
  await expect(button).toHaveAccessibleName('Signing in…');
  await expect(button).toHaveAttribute('aria-disabled', 'true');
  expect(await button.boundingBox()).toEqual(before);
  // `force`, so that Playwright does not wait until the button is enabled.
  await button.click({ force: true });
  await page.keyboard.press('Enter');

  release();
  await refuses(page, "That email and password don't match.");
  await expect(button).toHaveAccessibleName('Sign in');
  expect(requests).toHaveLength(1);
});
