import { type Page } from '@playwright/test';

import { freePort } from '../support/net.mjs';
import {
  PASSWORD,
  arrives,
  confirm,
  continueWith,
  disclosure,
  field,
  hold,
  isSignedIn,
  newName,
  newUser,
  newUserOnDashboard,
  open,
  press,
  ready,
  refuses,
  says,
  sessionCookie,
  signIn,
  signInAtIdp,
  signInWithForge,
  signInWithOidc,
  signOut,
  submitIdpSignIn,
  submitSignIn,
} from '../support/steps.ts';
import { type Forge, bothWays, expect, providerSettings, test } from '../support/test.ts';

const EXPIRED = 'This sign-in has expired or was already used.';
const REFUSED = "The provider didn't sign you in.";
const UNUSABLE = 'The provider sent an unusable response';
const UNREACHABLE = "The provider can't be reached right now.";
const TAKEN = 'already belongs to an account here';
const LAST_WAY_IN = 'This is your only way to sign in';

/** Makes the forge's current user a new one with a verified email. */
function newForgeUser(forge: Forge): { login: string; email: string } {
  const login = newName('smith');
  const email = `${login}@example.test`;
  forge.setUser({
    login,
    emails: [
      { email: `old-${email}`, primary: false, verified: true },
      { email, primary: true, verified: true },
    ],
  });
  return { login, email };
}

/** Authorises at the forge, and returns the callback's URL instead of going there. */
async function authorizeWithoutReturning(page: Page, forge: Forge): Promise<string> {
  const answer = await page.request.post(forge.authorizeUrl, {
    form: { request: await page.locator('input[name=request]').inputValue(), decision: 'authorize' },
    maxRedirects: 0,
  });
  expect(answer.status()).toBe(303);
  return answer.headers()['location']!;
}

/** Returns the disclosure that unlinks a provider's account. */
function unlinkDisclosure(page: Page, label: string) {
  return disclosure(page, `Unlink ${label}`);
}

/** Checks that the visitor is back at the sign-in page, which says why and keeps the return path. */
async function expectRefusedSignIn(page: Page, sentence: string): Promise<void> {
  await expect(page).toHaveURL(/^[^?]+\/sign-in(\?next=\/dashboard[\w/-]*)?$/);
  await refuses(page, sentence);
  await ready(page);
}

bothWays(() => {
  test('the first sign-in with a provider creates an account, and later ones use it', async ({ page, anotherBrowser }) => {
    const login = newName();
    await signInWithOidc(page, login);
    await arrives(page, '/dashboard');
    await open(page, '/dashboard/profile');
    await expect(field(page, 'Display name')).toHaveValue(login);
    await field(page, 'Display name').fill('Somebody');
    await press(page, 'Save name');
    await says(page, 'Name saved.');
    await open(page, '/dashboard/linked-accounts');
    await expect(page.getByRole('main')).toContainText(`${login}@example.test`);

    await signOut(page);
    // The provider remembers the user and the consent.
    await continueWith(page, 'Test OIDC');
    await arrives(page, '/dashboard');
    await open(page, '/dashboard/profile');
    await expect(field(page, 'Display name')).toHaveValue('Somebody');

    const other = await anotherBrowser();
    await signInWithOidc(other, login);
    await arrives(other, '/dashboard');
    await open(other, '/dashboard/sessions');
    await expect(other.getByRole('main').getByRole('listitem')).toHaveCount(2);
  });

  test('signing in with a provider leads back to the page that required it', async ({ page }) => {
    await open(page, '/dashboard/sessions');
    await arrives(page, '/sign-in?next=/dashboard/sessions');
    await continueWith(page, 'Test OIDC');
    await signInAtIdp(page, newName());
    await arrives(page, '/dashboard/sessions');
  });

  test('an account is linked with its primary email if the provider lists several', async ({ page, forge }) => {
    const { login, email } = newForgeUser(forge);
    await signInWithForge(page);
    await arrives(page, '/dashboard');
    await open(page, '/dashboard/profile');
    await expect(field(page, 'Display name')).toHaveValue(login);
    await open(page, '/dashboard/linked-accounts');
    await expect(page.getByRole('main')).toContainText(email);
    await expect(page.getByRole('main')).not.toContainText(`old-${email}`);
    await expect(unlinkDisclosure(page, 'Forge')).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Link Test OIDC' })).toBeVisible();
  });

  test('an account with the same verified email is not linked until its owner links it', async ({
    page,
    forge,
    portcullis,
  }) => {
    const { email } = newForgeUser(forge);
    // Users created by the command line have verified emails.
    await portcullis.run(['user', 'create', email, '--password-stdin'], `${PASSWORD}\n`);

    await signInWithForge(page);
    await expectRefusedSignIn(page, TAKEN);
    expect(await isSignedIn(page)).toBe(false);

    await submitSignIn(page, email);
    await arrives(page, '/dashboard/linked-accounts');
    await expect(unlinkDisclosure(page, 'Forge')).toHaveCount(0);
    await press(page, 'Link Forge');
    await press(page, 'Authorize');
    await arrives(page, '/dashboard/linked-accounts');
    await says(page, 'Account linked.');
    await expect(unlinkDisclosure(page, 'Forge')).toBeVisible();
    // Another account there can be linked too.
    await expect(page.getByRole('button', { name: 'Link Forge', exact: true })).toBeVisible();

    await signOut(page);
    await signInWithForge(page);
    await arrives(page, '/dashboard');
  });

  test('signing in with an unverified email of an existing account creates a separate account', async ({
    page,
    anotherBrowser,
  }) => {
    const login = newName('unverified');
    await newUserOnDashboard(page, `${login}@example.test`);

    const stranger = await anotherBrowser();
    await signInWithOidc(stranger, login);
    // The provider does not vouch for the email, so the form only suggests it.
    await arrives(stranger, '/finish-sign-up');
    await expect(field(stranger, 'Email address')).toHaveValue(`${login}@example.test`);
    await field(stranger, 'Email address').fill('nobody@');
    await press(stranger, 'Create account');
    await arrives(stranger, '/finish-sign-up');
    await expect(field(stranger, 'Email address')).toHaveValue('nobody@');
    await field(stranger, 'Email address').fill(`${newName()}@example.test`);
    await press(stranger, 'Create account');
    await arrives(stranger, '/dashboard');
    await says(stranger, 'We sent a link to your email address.');
    await open(stranger, '/dashboard/sessions');
    await expect(stranger.getByRole('main').getByRole('listitem')).toHaveCount(1);
    await open(stranger, '/dashboard/security');
    await expect(field(stranger, 'Current password')).toHaveCount(0);
  });

  test('an unlinked account no longer signs in to its former account here', async ({ page }) => {
    const login = newName();
    await newUser(page);
    await open(page, '/dashboard/linked-accounts');
    await press(page, 'Link Test OIDC');
    await signInAtIdp(page, login);
    await arrives(page, '/dashboard/linked-accounts');
    await says(page, 'Account linked.');

    await confirm(page, 'Unlink Test OIDC');
    await says(page, 'Account unlinked.');
    await expect(page.getByRole('button', { name: 'Link Test OIDC', exact: true })).toBeVisible();

    // The provider's user has no account here now, and gets a new one.
    await signOut(page);
    await continueWith(page, 'Test OIDC');
    await arrives(page, '/dashboard');
    await open(page, '/dashboard/security');
    await expect(field(page, 'Current password')).toHaveCount(0);
  });

  test('a provider account that is linked to another user cannot be linked', async ({ page, anotherBrowser, forge }) => {
    newForgeUser(forge);
    const owner = await anotherBrowser();
    await signInWithForge(owner);
    await arrives(owner, '/dashboard');

    await newUser(page);
    await open(page, '/dashboard/linked-accounts');
    await press(page, 'Link Forge');
    await press(page, 'Authorize');
    await arrives(page, '/dashboard/linked-accounts');
    await refuses(page, 'That account is already linked to another user.');
    await expect(unlinkDisclosure(page, 'Forge')).toHaveCount(0);
  });

  test('the last sign-in method cannot be removed until there is another', async ({ page, forge }) => {
    const { email } = newForgeUser(forge);
    await signInWithForge(page);
    await arrives(page, '/dashboard');
    await open(page, '/dashboard/linked-accounts');
    await expect(page.getByText(LAST_WAY_IN)).toBeVisible();
    await expect(unlinkDisclosure(page, 'Forge')).toHaveCount(0);

    await open(page, '/dashboard/security');
    await expect(field(page, 'Current password')).toHaveCount(0);
    await field(page, 'New password').fill(PASSWORD);
    await press(page, 'Set password');
    await says(page, 'Password set.');
    await expect(field(page, 'Current password')).toBeVisible();
    // The browser reports problems with a changed form a moment later.
    await page.waitForTimeout(1_000);

    await open(page, '/dashboard/linked-accounts');
    await expect(page.getByText(LAST_WAY_IN)).toHaveCount(0);
    await confirm(page, 'Unlink Forge');
    await says(page, 'Account unlinked.');
    await signOut(page);
    await signIn(page, email);
  });

  test('reauthentication with a provider requires a new sign-in there', async ({ page }) => {
    const login = newName();
    await signInWithOidc(page, login);
    await arrives(page, '/dashboard');
    await open(page, '/reauthenticate?next=/dashboard/sessions');

    // An attacker at an unlocked browser removes the parameters that ask for a new sign-in.
    const answer = await page.request.post('/api/reauthentication/provider', {
      form: { provider: 'oidc', next: '/dashboard/sessions' },
      headers: { Accept: 'text/html', Origin: new URL(page.url()).origin },
      maxRedirects: 0,
    });
    const there = new URL(answer.headers()['location']!);
    expect(there.searchParams.get('max_age')).toBe('0');
    there.searchParams.delete('max_age');
    there.searchParams.delete('prompt');
    await page.goto(there.href);
    await expect(page).toHaveURL(/\/reauthenticate/);
    await refuses(page, "The provider didn't ask you to sign in again.");

    await ready(page);
    await page.getByRole('button', { name: /^Confirm with Test OIDC/ }).click();
    await submitIdpSignIn(page, login);
    await arrives(page, '/dashboard/sessions');
    await says(page, 'Identity confirmed. You can continue.');
  });

  test('denying access at the provider shows an error once, and signing in still works', async ({ page, forge }) => {
    newForgeUser(forge);
    await open(page, '/sign-in');
    await continueWith(page, 'Forge');
    await press(page, 'Deny');
    await expectRefusedSignIn(page, REFUSED);
    expect(await sessionCookie(page)).toBeUndefined();
    await open(page, '/sign-in');
    await expect(page.getByText(REFUSED)).toHaveCount(0);

    await continueWith(page, 'Test OIDC');
    await page.getByRole('link', { name: 'Cancel' }).click();
    await expectRefusedSignIn(page, REFUSED);

    await signInWithForge(page);
    await arrives(page, '/dashboard');
  });

  test('a callback works once', async ({ page }) => {
    let callback = '';
    page.on('request', (it) => {
      if (it.url().includes('/social/oidc/callback')) callback = it.url();
    });
    await signInWithOidc(page, newName());
    await arrives(page, '/dashboard');
    await signOut(page);

    await open(page, callback);
    await expectRefusedSignIn(page, EXPIRED);
    expect(await isSignedIn(page)).toBe(false);
  });

  test('a callback works only in the browser that started the sign-in', async ({ page, anotherBrowser, forge }) => {
    newForgeUser(forge);
    await open(page, '/sign-in');
    await continueWith(page, 'Forge');
    const callback = await authorizeWithoutReturning(page, forge);

    // A browser that never began a sign-in, and one that began its own.
    const stranger = await anotherBrowser();
    for (const begins of [false, true]) {
      if (begins) {
        await open(stranger, '/sign-in');
        await continueWith(stranger, 'Forge');
        await expect(stranger.getByRole('button', { name: 'Authorize' })).toBeVisible();
      }
      await open(stranger, callback);
      await expectRefusedSignIn(stranger, EXPIRED);
      expect(await isSignedIn(stranger)).toBe(false);
    }

    await open(page, callback);
    await arrives(page, '/dashboard');
  });

  test('a callback with another issuer is refused', async ({ page, forge }) => {
    newForgeUser(forge);
    await open(page, '/sign-in');
    await continueWith(page, 'Forge');
    const callback = await authorizeWithoutReturning(page, forge);
    await open(page, `${callback}&iss=https%3A%2F%2Fevil.example`);
    await expectRefusedSignIn(page, UNUSABLE);
    expect(await isSignedIn(page)).toBe(false);
  });

  test('a link started by one user is not completed for another', async ({ page, forge }) => {
    const first = await newUser(page);
    await open(page, '/dashboard/linked-accounts');
    newForgeUser(forge);
    await press(page, 'Link Forge');
    const callback = await authorizeWithoutReturning(page, forge);

    await page.context().clearCookies({ name: 'portcullis' });
    await newUser(page);
    await open(page, callback);
    await refuses(page, EXPIRED);
    await open(page, '/dashboard/linked-accounts');
    await expect(unlinkDisclosure(page, 'Forge')).toHaveCount(0);

    await signOut(page);
    await signIn(page, first);
    await open(page, '/dashboard/linked-accounts');
    await expect(unlinkDisclosure(page, 'Forge')).toHaveCount(0);
  });

  test('two tabs can sign in with a provider at the same time', async ({ page, context }) => {
    const second = await context.newPage();
    for (const tab of [page, second]) {
      await open(tab, '/sign-in');
      await continueWith(tab, 'Test OIDC');
      await expect(tab.locator('input[name=login]')).toBeVisible();
    }
    const login = newName();
    await signInAtIdp(second, login);
    await arrives(second, '/dashboard');
    // The consent was given in the other tab.
    await submitIdpSignIn(page, login);
    await arrives(page, '/dashboard');
    expect(await isSignedIn(page)).toBe(true);
  });

  test('a provider that drops a connection during sign-in is reported as unreachable', async ({ page, forge }) => {
    newForgeUser(forge);
    for (const path of ['/login/oauth/access_token', '/user', '/user/emails']) {
      forge.broken.add(path);
      await signInWithForge(page);
      await expectRefusedSignIn(page, UNREACHABLE);
      expect(await isSignedIn(page)).toBe(false);
      forge.broken.clear();
    }
    await signInWithForge(page);
    await arrives(page, '/dashboard');
  });

  test('a provider that was down at startup is reported as unreachable, and contacted once it is back', async ({
    page,
    idp,
    forge,
    startSite,
  }) => {
    const port = await freePort();
    await idp.stop();
    const portcullis = await startSite(providerSettings(idp.issuer, forge), port);
    try {
      await open(page, `${portcullis.url}/sign-in`);
      await continueWith(page, 'Test OIDC');
      await expectRefusedSignIn(page, UNREACHABLE);

      await idp.start();
      // After a failure the provider is not contacted for a second. Its only registered callback is the
      // other server's, which is enough to see that it was contacted.
      await expect(async () => {
        await continueWith(page, 'Test OIDC');
        await expect(page).toHaveURL(new RegExp(`^${idp.issuer}/`), { timeout: 1_500 });
      }).toPass();
    } finally {
      await idp.start();
    }
  });
});

test('a provider button shows progress while its request is pending', async ({ page }) => {
  await newUserOnDashboard(page);
  for (const [path, name] of [
    ['/dashboard/linked-accounts', 'Link Test OIDC'],
    ['/sign-in', 'Continue with Test OIDC'],
  ] as const) {
    if (path === '/sign-in') await page.context().clearCookies({ name: 'portcullis' });
    await open(page, path);
    const { release } = await hold(page, '**/api/{sign-in/social,linked-accounts/link}');
    await press(page, name);
    const waiting = page.locator('button.social[aria-disabled=true]');
    await expect(waiting).toHaveCount(1);
    await expect(waiting).toContainText('Test OIDC');
    release();
    await expect(page.locator('input[name=login]')).toBeVisible();
    await page.unrouteAll();
  }
});
