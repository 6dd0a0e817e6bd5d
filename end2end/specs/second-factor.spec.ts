import { Authenticator, addAuthenticator, saveRecoveryCodes } from '../support/authenticator.ts';
import { openUserPage, signInAsAdministrator } from '../support/administration.ts';
import { TWO_FACTORS, startIdp } from '../support/idp.mjs';
import { Mailbox } from '../support/mailbox.ts';
import { freePort } from '../support/net.mjs';
import {
  PASSWORD,
  arrives,
  confirm,
  continueWith,
  disclosure,
  field,
  isSignedIn,
  newEmail,
  newName,
  newUser,
  open,
  press,
  refusesField,
  says,
  signInAtIdp,
  signOut,
  submitSignIn,
  warns,
} from '../support/steps.ts';
import { bothWays, expect, providerSettings, test } from '../support/test.ts';

const WRONG = 'This code is wrong or was already used. Wait for the next one and try again.';

bothWays(() => {
  test('an app is added by its QR code, and signing in needs its codes', async ({ page, portcullis }) => {
    const email = await newUser(page);
    await open(page, '/dashboard/security');
    await expect(page.getByRole('main')).toContainText('Then a stolen password alone');
    await page.getByRole('link', { name: 'Add an authenticator app' }).first().click();
    await arrives(page, '/dashboard/add-authenticator-app');
    const app = await Authenticator.scan(page);
    expect(decodeURIComponent(app.uri.pathname)).toContain(`Portcullis:${email}`);
    const shown = (await page.locator('code.shared-key').textContent())!;
    expect(shown.replaceAll(' ', '')).toBe(app.uri.searchParams.get('secret'));
    expect(await page.getByRole('link', { name: 'Open the authenticator app on this device' }).getAttribute('href')).toBe(
      app.uri.href,
    );
    await field(page, 'Name').fill('Phone');
    await field(page, 'Code').fill('000000');
    await press(page, 'Add app');
    await refusesField(page, 'Code', WRONG);
    await expect(page.locator('code.shared-key')).toHaveText(shown);
    await expect(field(page, 'Name')).toHaveValue('Phone');
    await expect(page.getByRole('link', { name: 'Security', exact: true })).toHaveAttribute('aria-current', 'page');
    await field(page, 'Code').fill(await app.nextCode());
    await press(page, 'Add app');
    await arrives(page, '/dashboard/recovery-codes');
    await says(page, 'Authenticator app added.');
    const codes = await page.locator('.codes code').allTextContents();
    expect(new Set(codes).size).toBe(10);
    const download = page.getByRole('link', { name: 'Download as a text file' });
    const file = decodeURIComponent((await download.getAttribute('href'))!.split(',')[1]!);
    for (const code of codes) expect(file).toContain(code);
    await press(page, 'Activate these codes');
    await arrives(page, '/dashboard/security');
    await says(page, 'Recovery codes activated.');
    await expect(page.getByRole('main')).toContainText('10 unused codes.');
    const mailbox = new Mailbox(portcullis.mails, email);
    expect((await mailbox.next('Second factor added')).text).toContain('"Phone"');

    await signOut(page);
    await submitSignIn(page, email);
    await arrives(page, '/sign-in/second-factor');
    expect(await isSignedIn(page)).toBe(false);
    await expect(page.getByRole('main')).toContainText(email);
    const code = await app.nextCode();
    await field(page, 'Code').fill(code);
    await press(page, 'Sign in');
    await arrives(page, '/dashboard');

    // The code is used up; a recovery code works in its place, once.
    await signOut(page);
    await submitSignIn(page, email);
    await arrives(page, '/sign-in/second-factor');
    await field(page, 'Code').fill(code);
    await press(page, 'Sign in');
    await refusesField(page, 'Code', WRONG);
    await disclosure(page, 'Try another way').click();
    await field(page, 'Recovery code').fill(codes[0]!);
    await press(page, 'Use recovery code');
    await arrives(page, '/dashboard');
    expect((await mailbox.next('A recovery code was used')).text).toContain('Unused codes: 9.');
    await signOut(page);
    await submitSignIn(page, email);
    await arrives(page, '/sign-in/second-factor');
    await disclosure(page, 'Try another way').click();
    await field(page, 'Recovery code').fill(codes[0]!);
    await press(page, 'Use recovery code');
    await refusesField(page, 'Recovery code', 'This recovery code is wrong or was already used. Check it or use another one.');
  });

  test('recovery codes are used up, and few of them lead to new ones', async ({ page, anotherBrowser }) => {
    const email = await newUser(page);
    await addAuthenticator(page, 'Phone');
    await arrives(page, '/dashboard/recovery-codes');
    const codes = await saveRecoveryCodes(page);
    const other = await anotherBrowser();
    for (const [n, code] of codes.entries()) {
      await other.context().clearCookies();
      await open(other, '/sign-in');
      await submitSignIn(other, email);
      await arrives(other, '/sign-in/second-factor');
      await disclosure(other, 'Try another way').click();
      await field(other, 'Recovery code').fill(code.toUpperCase());
      await press(other, 'Use recovery code');
      await arrives(other, n < 6 ? '/dashboard' : '/dashboard/recovery-codes');
    }
    await says(other, 'one of your last recovery codes');
    await open(other, '/dashboard/security');
    await expect(other.getByRole('main')).toContainText('No unused codes. Create new ones.');
    await other.getByRole('link', { name: 'Create new recovery codes' }).first().click();
    await arrives(other, '/dashboard/recovery-codes');
    expect(await saveRecoveryCodes(other)).not.toContain(codes[9]);
    await expect(other.getByRole('main')).toContainText('10 unused codes.');
  });

  test('a second factor is confirmed, not the password, and a removed app asks for nothing more', async ({
    page,
    anotherBrowser,
  }) => {
    const email = await newUser(page);
    const other = await anotherBrowser();
    await open(other, '/sign-in');
    await submitSignIn(other, email);
    await arrives(other, '/dashboard');
    const app = await addAuthenticator(page, 'Phone');
    await arrives(page, '/dashboard/recovery-codes');
    // The other session proved only the password.
    await open(other, '/dashboard/security');
    await confirm(other, 'Remove app');
    await arrives(other, '/reauthenticate?next=/dashboard/security');
    await expect(field(other, 'Password')).toHaveCount(0);
    await field(other, 'Code').fill(await app.nextCode());
    await press(other, 'Confirm identity');
    await arrives(other, '/dashboard/security');
    await says(other, 'Identity confirmed.');
    await disclosure(other, 'Remove app').click();
    await other.locator('details[open]').getByLabel('Also end all other sessions').check();
    await press(other.locator('details[open]'), 'Remove app');
    await says(other, 'Authenticator app removed.');
    await expect(other.getByRole('main')).toContainText('No authenticator apps. Add one');
    expect(await isSignedIn(page)).toBe(false);
    await signOut(other);
    await submitSignIn(other, email);
    await arrives(other, '/dashboard');
  });

  test('a second factor without a sign-in that waits leads to the sign-in page', async ({ page, anotherBrowser }) => {
    await open(page, '/sign-in/second-factor');
    await arrives(page, '/sign-in');
    await warns(page, 'This sign-in took too long or was replaced by a newer one. Sign in again.');

    // Another tab starts again: the form of the first does nothing.
    const owner = await anotherBrowser();
    const email = await newUser(owner);
    const app = await addAuthenticator(owner, 'Phone');
    await arrives(owner, '/dashboard/recovery-codes');
    await open(page, '/sign-in');
    await submitSignIn(page, email);
    await arrives(page, '/sign-in/second-factor');
    const tab = await page.context().newPage();
    await open(tab, '/sign-in');
    await submitSignIn(tab, email);
    await arrives(tab, '/sign-in/second-factor');
    const code = await app.nextCode();
    await field(page, 'Code').fill(code);
    await press(page, 'Sign in');
    expect(await isSignedIn(page)).toBe(false);
    await field(tab, 'Code').fill(code);
    await press(tab, 'Sign in');
    await arrives(tab, '/dashboard');
  });

  test('an administrator removes the second factor that a user lost', async ({ page, portcullis, anotherBrowser }) => {
    const user = await anotherBrowser();
    const email = await newUser(user);
    await addAuthenticator(user, 'Phone');
    await arrives(user, '/dashboard/recovery-codes');
    await signInAsAdministrator(page, portcullis);
    await openUserPage(page, email);
    await expect(page.getByRole('main')).toContainText('Authenticator app, added');
    await confirm(page, 'Remove second factor');
    await says(page, 'Second factor removed. The user was signed out everywhere');
    expect(await isSignedIn(user)).toBe(false);
    const mailbox = new Mailbox(portcullis.mails, email);
    await mailbox.next('An administrator removed a second factor');
    await open(user, '/sign-in');
    await submitSignIn(user, email, PASSWORD);
    await arrives(user, '/dashboard');
  });

  test('a trusted browser needs no second factor until the trust is revoked', async ({ page }) => {
    const email = await newUser(page);
    const app = await addAuthenticator(page, 'Phone');
    await arrives(page, '/dashboard/recovery-codes');
    await signOut(page);
    await submitSignIn(page, email);
    await arrives(page, '/sign-in/second-factor');
    await field(page, 'Code').fill(await app.nextCode());
    await field(page, 'Trust this browser for 30 days').check();
    await press(page, 'Sign in');
    await arrives(page, '/dashboard');
    await signOut(page);
    await submitSignIn(page, email);
    await arrives(page, '/dashboard');
    await open(page, '/dashboard/security');
    await expect(page.getByRole('main')).toContainText('1 trusted browser.');
    await page.getByRole('link', { name: 'Manage trusted browsers' }).click();
    await arrives(page, '/dashboard/sessions');
    await expect(page.getByRole('heading', { name: 'Trusted browsers' })).toBeVisible();
    await press(page, 'Stop trusting');
    await says(page, 'This browser is no longer trusted.');
    await expect(page.getByRole('heading', { name: 'Trusted browsers' })).toHaveCount(0);
    await signOut(page);
    await submitSignIn(page, email);
    await arrives(page, '/sign-in/second-factor');
  });

  test('a provider that has checked two factors replaces the one that a site requires', async ({ page, faults, forge, startSite }) => {
    const port = await freePort();
    const idp = await startIdp({ redirectUri: `http://localhost:${port}/social/oidc/callback` });
    faults.tolerateAt(idp.issuer);
    const portcullis = await startSite(
      {
        ...providerSettings(idp.issuer, forge),
        PORTCULLIS_SECOND_FACTOR__REQUIRE: 'everyone',
        PORTCULLIS_SECOND_FACTOR__GRACE: 'none',
        PORTCULLIS_SOCIAL__OIDC__ACR: TWO_FACTORS,
        PORTCULLIS_SOCIAL__OIDC__AMR: 'hwk',
      },
      port,
    );
    const at = (path: string) => `${portcullis.url}${path}`;
    try {
      for (const [login, goal] of [
        [newName(), '/sign-in/second-factor'],
        [newName('acr'), '/dashboard'],
        [newName('amr'), '/dashboard'],
      ] as const) {
        await open(page, at('/sign-in'));
        await continueWith(page, 'Test OIDC');
        await signInAtIdp(page, login);
        await expect(page).toHaveURL(at(goal));
        await page.context().clearCookies();
      }
    } finally {
      await idp.stop();
    }
  });

  test('a required factor is set up at sign-in, and removed by mail after the waiting period', async ({ page, startSite }) => {
    const portcullis = await startSite({
      PORTCULLIS_SECOND_FACTOR__REQUIRE: 'everyone',
      PORTCULLIS_SECOND_FACTOR__GRACE: 'none',
      PORTCULLIS_SECOND_FACTOR__RECOVERY_WAIT: '6s',
    });
    const at = (path: string) => `${portcullis.url}${path}`;
    const email = newEmail();
    await portcullis.run(['user', 'create', email, '--password-stdin'], `${PASSWORD}\n`);
    await open(page, at('/sign-in'));
    await submitSignIn(page, email);
    await expect(page).toHaveURL(at('/sign-in/second-factor'));
    await expect(page.getByRole('main')).toContainText('This site requires a second factor.');
    const app = await Authenticator.scan(page);
    await field(page, 'Code').fill('000000');
    await press(page, 'Add app and sign in');
    await refusesField(page, 'Code', WRONG);
    await field(page, 'Code').fill(await app.nextCode());
    await press(page, 'Add app and sign in');
    await expect(page).toHaveURL(at('/dashboard/recovery-codes'));
    // The last factor stays where one is required.
    await open(page, at('/dashboard/security'));
    await confirm(page, 'Remove app');
    await warns(page, 'This site requires a second factor. Add another one first.');

    await press(page, 'Sign out');
    await expect(page).toHaveURL(at('/sign-in'));
    await submitSignIn(page, email);
    await expect(page).toHaveURL(at('/sign-in/second-factor'));
    await disclosure(page, 'Try another way').click();
    await expect(page.getByRole('main')).toContainText('It works after 6 seconds');
    await press(page, 'Remove second factors by email');
    await says(page, 'We sent a link to your email address. It works after the waiting period.');
    const mail = await new Mailbox(portcullis.mails, email).next('Remove your second factors');
    await open(page, mail.links[0]!);
    await expect(page.getByRole('main')).toContainText('This link works from');
    await expect(async () => {
      await page.reload();
      await expect(page.getByRole('button', { name: 'Remove second factors' })).toBeVisible({ timeout: 500 });
    }).toPass({ timeout: 15_000 });
    await press(page, 'Remove second factors');
    await says(page, 'Your second factors were removed and all sessions were ended.');
    await submitSignIn(page, email);
    await expect(page.getByRole('main')).toContainText('This site requires a second factor.');
  });

  test('a mailed code replaces the second factor where the site allows it', async ({ page, startSite }) => {
    const portcullis = await startSite({ PORTCULLIS_SECOND_FACTOR__BY_MAIL: 'on' });
    const at = (path: string) => `${portcullis.url}${path}`;
    const email = newEmail();
    await portcullis.run(['user', 'create', email, '--password-stdin'], `${PASSWORD}\n`);
    await open(page, at('/sign-in'));
    await submitSignIn(page, email);
    await expect(page).toHaveURL(at('/dashboard'));
    await open(page, at('/dashboard/add-authenticator-app'));
    const app = await Authenticator.scan(page);
    await field(page, 'Code').fill(await app.nextCode());
    await press(page, 'Add app');
    await expect(page).toHaveURL(at('/dashboard/recovery-codes'));
    await press(page, 'Sign out');
    await expect(page).toHaveURL(at('/sign-in'));
    await submitSignIn(page, email);
    await expect(page).toHaveURL(at('/sign-in/second-factor'));
    await disclosure(page, 'Try another way').click();
    await expect(page.getByRole('main')).toContainText('whoever reads your email gets it');
    await press(page, 'Email me a code');
    await says(page, 'We sent a code to your email address.');
    const mailbox = new Mailbox(portcullis.mails, email);
    let code = '';
    await expect
      .poll(async () => (code = (await mailbox.all()).at(-1)?.subject ?? ''), { timeout: 10_000 })
      .toContain('Your second factor code is ');
    await field(page, 'Code from the email').fill('000000');
    await press(page, 'Use mailed code');
    await refusesField(page, 'Code from the email', 'This is not the code from the latest email.');
    await field(page, 'Code from the email').fill(code.slice(-6));
    await press(page, 'Use mailed code');
    await expect(page).toHaveURL(at('/dashboard'));
  });
});
