import type { Page, Route } from '@playwright/test';

import { Mailbox } from '../support/mailbox.ts';
import { VirtualAuthenticator } from '../support/passkeys.ts';
import {
  arrives,
  confirm,
  disclosure,
  field,
  isSignedIn,
  newEmail,
  newUser,
  open,
  press,
  refuses,
  refusesField,
  says,
  signOut,
  submitSignIn,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

test('an account is created with a passkey, and autofill signs in', async ({ page }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const email = newEmail();
  await open(page, '/sign-up');
  await page.getByRole('link', { name: 'Use a passkey instead of a password' }).click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveCount(0);
  await field(page, 'Email').fill('nobody');
  await press(page, 'Create account with a passkey');
  await expect(field(page, 'Email')).toHaveAttribute('aria-invalid', 'true');
  await field(page, 'Email').fill(email);
  await press(page, 'Create account with a passkey');
  // The sign-in page offers the passkey in the email field's suggestions; the device takes it at once.
  await arrives(page, '/dashboard');
  expect(await device.credentials()).toMatchObject([{ userName: email, isResidentCredential: true }]);
  await open(page, '/dashboard/security');
  await expect(page.getByRole('listitem').filter({ hasText: 'Synced between devices' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('Create recovery codes.');
  await open(page, '/dashboard/sessions');
  await expect(page.getByRole('main')).toContainText('Signed in with passkey');
});

test('the button on the sign-in page asks for a passkey', async ({ page, baseURL }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const email = await newUser(page);
  await addPasskey(page, 'Laptop');
  // Without suggestions, which the device would take at once.
  await page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
  await page.context().clearCookies();
  await open(page, '/sign-in?next=/dashboard/sessions');
  await page.getByLabel('Keep me signed in').check();
  await device.verifiesUser(false);
  await press(page, 'Sign in with a passkey');
  await refuses(page, 'No passkey was used. Try again or choose another way.');
  await device.verifiesUser(true);
  await press(page, 'Sign in with a passkey');
  await arrives(page, '/dashboard/sessions');
  await expect(page.getByRole('main')).toContainText('Signed in with passkey');
  const [cookie] = (await page.context().cookies()).filter((it) => it.name === 'portcullis');
  expect(cookie!.expires, 'kept').toBeGreaterThan(Date.now() / 1000 + 86_400);
  // A name that was changed elsewhere reaches the authenticator with the next sign-in.
  const answer = await page.request.post('/api/profile/display-name', {
    form: { display_name: 'Ada elsewhere' },
    headers: { origin: baseURL! },
  });
  expect(answer.status()).toBe(200);
  await page.context().clearCookies();
  await open(page, '/sign-in');
  await press(page, 'Sign in with a passkey');
  await arrives(page, '/dashboard');
  await device.hears(`updated ${email} Ada elsewhere`);
});

test('a passkey is named, renamed and removed, and its authenticator is told', async ({ page, portcullis }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const email = await newUser(page);
  await open(page, '/dashboard/security');
  await page.getByRole('link', { name: 'Add a passkey' }).first().click();
  await arrives(page, '/dashboard/add-passkey');
  await field(page, 'Name').fill('Work laptop');
  await press(page, 'Create passkey');
  await arrives(page, '/dashboard/recovery-codes');
  await says(page, 'Passkey added.');
  const mailbox = new Mailbox(portcullis.mails, email);
  expect((await mailbox.next('Passkey added')).text).toContain('"Work laptop"');
  // The same device again.
  await open(page, '/dashboard/add-passkey');
  await press(page, 'Create passkey');
  await refuses(page, 'This device or password manager already has a passkey for this site.');

  await open(page, '/dashboard/security');
  const row = page.getByRole('listitem').filter({ hasText: 'Synced between devices' });
  await expect(row.getByRole('heading')).toHaveText('Work laptop');
  await disclosure(row, 'Rename passkey').click();
  await row.getByLabel('Name', { exact: true }).fill('Old laptop');
  await press(row, 'Save name');
  await says(page, 'Passkey renamed.');
  await expect(row.getByRole('heading')).toHaveText('Old laptop');

  // A new name of the account reaches the authenticator.
  await open(page, '/dashboard/profile');
  await field(page, 'Display name').fill('Ada');
  await press(page, 'Save name');
  await says(page, 'Name saved.');
  await device.hears(`updated ${email} Ada`);
  expect(await device.credentials()).toMatchObject([{ userDisplayName: 'Ada' }]);

  await open(page, '/dashboard/security');
  await confirm(row, 'Remove passkey');
  await says(page, 'Passkey removed.');
  await device.hears('deleted');
  expect(await device.credentials()).toEqual([]);
  await expect(page.getByRole('main')).toContainText('No passkeys.');
  expect((await mailbox.next('Passkey removed')).text).toContain('"Old laptop"');
});

test('either of two passkeys signs in, and the removal of one leaves the other', async ({ page }) => {
  await page.addInitScript(() => {
    if (isSecureContext) PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
  const laptop = await VirtualAuthenticator.plugIn(page);
  await newUser(page);
  await addPasskey(page, 'Laptop');
  await laptop.touches(false);
  const key = await VirtualAuthenticator.plugIn(page, { isSynced: false, transport: 'usb' });
  await addPasskey(page, 'Key', '/dashboard/security');
  for (const [used, other] of [
    [laptop, key],
    [key, laptop],
  ] as const) {
    await page.context().clearCookies();
    await used.touches(true);
    await other.touches(false);
    await open(page, '/sign-in');
    await press(page, 'Sign in with a passkey');
    await arrives(page, '/dashboard');
  }
  await open(page, '/dashboard/security');
  const row = (name: string) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) });
  await expect(row('Laptop')).toContainText('Synced between devices');
  await expect(row('Key')).toContainText('On one device only');
  const removed = await page.getByRole('listitem').filter({ hasText: 'Remove passkey' }).first().getByRole('heading').textContent();
  const kept = removed === 'Laptop' ? 'Key' : 'Laptop';
  await confirm(row(removed!), 'Remove passkey');
  await says(page, 'Passkey removed.');
  await expect(row(removed!)).toHaveCount(0);
  await expect(row(kept).getByRole('button', { name: 'Remove passkey' })).toBeHidden();
  await (removed === 'Laptop' ? laptop : key).hears('deleted');
  expect(await (kept === 'Laptop' ? laptop : key).credentials()).toHaveLength(1);
});

test('a ceremony that takes too long leaves every way open', async ({ page }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const email = await newUser(page);
  await addPasskey(page, 'Laptop');
  await page.context().clearCookies();
  await device.touches(false);
  // Five minutes are too long for a test.
  await page.route('**/api/**/begin*', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace('timeout\\":300000', 'timeout\\":100');
    await route.fulfill({ response, body });
  });
  await open(page, '/sign-in');
  await press(page, 'Sign in with a passkey');
  await refuses(page, 'No passkey was used. Try again or choose another way.');
  await submitSignIn(page, email);
  await arrives(page, '/sign-in/second-factor');
  await press(page, 'Use a passkey');
  await refuses(page, 'No passkey was used. Try again or choose another way.');
  await device.touches(true);
  await press(page, 'Use a passkey');
  await arrives(page, '/dashboard');
});

test('a password needs the passkey of the account, and another way stays', async ({ page }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const email = await newUser(page);
  await addPasskey(page, 'Laptop');
  await device.touches(false);
  await open(page, '/dashboard/security');
  await signOut(page);
  await submitSignIn(page, email);
  await arrives(page, '/sign-in/second-factor');
  expect(await isSignedIn(page)).toBe(false);
  await device.touches(true);
  // The sensor does not know the finger: the same to the page as a cancelled dialog.
  await device.verifiesUser(false);
  await press(page, 'Use a passkey');
  await refuses(page, 'No passkey was used. Try again or choose another way.');
  await expect(disclosure(page, 'Try another way')).toBeVisible();
  await device.verifiesUser(true);
  for (const bits of [{ isBogusSignature: true }, { isBadUV: true }, { isBadUP: true }]) {
    await device.forges(bits);
    await press(page, 'Use a passkey');
    await refuses(page, 'This passkey was not accepted.');
  }
  expect(await isSignedIn(page)).toBe(false);
  await device.forges();
  await page.getByLabel(/^Trust this browser for/).check();
  await press(page, 'Use a passkey');
  await arrives(page, '/dashboard');

  // In the trusted browser the password was enough, so a risky action asks for the passkey.
  await device.touches(false);
  await signOut(page);
  await submitSignIn(page, email);
  await arrives(page, '/dashboard');
  await device.touches(true);
  const goal = '/dashboard/recovery-codes';
  await open(page, goal);
  await arrives(page, `/reauthenticate?next=${goal}`);
  await device.verifiesUser(false);
  await press(page, 'Use a passkey');
  await refuses(page, 'No passkey was used. Try again or choose another way.');
  await device.verifiesUser(true);
  await press(page, 'Use a passkey');
  await arrives(page, goal);
  await says(page, 'Identity confirmed.');
});

test('a passkey that an administrator removed is refused and forgotten', async ({ page, portcullis }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const email = await newUser(page);
  await addPasskey(page, 'Laptop');
  const [factor] = JSON.parse(await portcullis.run(['user', 'factors', 'list', email, '--json']));
  expect(factor).toMatchObject({ kind: 'passkey', name: 'Laptop' });
  expect(JSON.parse(await portcullis.run(['user', 'show', email, '--json']))).toMatchObject({ second_factors: 1 });
  await portcullis.run(['user', 'factors', 'remove', email, factor.id]);
  await page.context().clearCookies();
  // Autofill offers it once more.
  await open(page, '/sign-in');
  await refuses(page, 'No account here has this passkey.');
  await device.hears('deleted');
  expect(await device.credentials()).toEqual([]);
  await submitSignIn(page, email);
  await arrives(page, '/dashboard');
});

test('the second factor asks only for the passkeys of the user who signs in', async ({ page }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const ada = await newUser(page);
  await addPasskey(page, 'Laptop');
  await page.context().clearCookies();
  const eve = await newUser(page);
  await addPasskey(page, 'Laptop');
  expect((await device.credentials()).map((it) => it.userName).sort()).toEqual([ada, eve].sort());
  // Eve’s password, then her own passkey: the browser is asked for hers only.
  await page.context().clearCookies();
  await device.touches(false);
  await open(page, '/sign-in');
  await submitSignIn(page, eve);
  await arrives(page, '/sign-in/second-factor');
  await device.touches(true);
  await press(page, 'Use a passkey');
  await arrives(page, '/dashboard');
  await expect(page.getByRole('banner')).toContainText(eve);
});

test('a password manager creates a passkey by itself after a sign-in with a password', async ({ page, portcullis }) => {
  const email = await newUser(page);
  await page.context().clearCookies();
  // Chromium's own authenticator never answers such a request; this one replaces the browser's functions.
  await page.context().credentials.install();
  await open(page, '/sign-in');
  const added = page.waitForResponse('**/api/passkeys/add-automatically');
  await submitSignIn(page, email);
  await arrives(page, '/dashboard');
  expect((await added).status()).toBe(200);
  const mailbox = new Mailbox(portcullis.mails, email);
  expect((await mailbox.next('Passkey added')).text).toContain('your browser created the passkey');
  await open(page, '/dashboard/security');
  const row = page.getByRole('listitem').filter({ hasText: 'Created by your browser' });
  await expect(row).toBeVisible();

  // The password alone is still enough; the browser is not asked again.
  const asked: string[] = [];
  page.on('request', (it) => asked.push(it.url()));
  await page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
  await page.context().clearCookies();
  await open(page, '/sign-in');
  await submitSignIn(page, email);
  await arrives(page, '/dashboard');
  expect(asked.filter((it) => it.endsWith('/add-automatically'))).toEqual([]);

  // It can be removed.
  await open(page, '/dashboard/security');
  await confirm(row, 'Remove passkey');
  await says(page, 'Passkey removed.');
});

/** Adds a passkey on the page for it. The first one leads to recovery codes. */
async function addPasskey(page: Page, name: string, goal = '/dashboard/recovery-codes'): Promise<void> {
  await open(page, '/dashboard/add-passkey');
  await field(page, 'Name').fill(name);
  await press(page, 'Create passkey');
  await arrives(page, goal);
}

test('the sign-in page is of use before the part for passkeys has arrived', async ({ page }) => {
  const email = await newUser(page);
  await page.context().clearCookies();
  const held: Route[] = [];
  await page.route('**/split_run_*.wasm', (route) => void held.push(route));
  await open(page, '/sign-in');
  await expect.poll(() => held.length).toBe(1);
  await press(page, 'Sign in');
  await refusesField(page, 'Email', 'Enter your email address.');
  await submitSignIn(page, email);
  await arrives(page, '/dashboard');
  expect(await isSignedIn(page)).toBe(true);
});

bothWays(() => {
  test('without an authenticator, the password still signs in', async ({ page, javaScriptEnabled }) => {
    const email = await newUser(page);
    await page.context().clearCookies();
    await open(page, '/sign-in');
    const button = page.getByRole('button', { name: 'Sign in with a passkey' });
    const sentence = page.getByText('Passkeys need JavaScript.');
    await expect(button).toHaveCount(javaScriptEnabled ? 1 : 0);
    await expect(sentence).toBeVisible({ visible: !javaScriptEnabled });
    await submitSignIn(page, email);
    await arrives(page, '/dashboard');
    await open(page, '/dashboard/add-passkey');
    await expect(sentence).toBeVisible({ visible: !javaScriptEnabled });
  });
});

test('after a reset of the password, the user removes a passkey that is not theirs', async ({ page, portcullis }) => {
  const device = await VirtualAuthenticator.plugIn(page);
  const email = await newUser(page);
  await addPasskey(page, 'Not mine');
  await page.addInitScript(() => {
    if (isSecureContext) PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
  // Otherwise the reset verifies it, and removes everything set up before.
  const mailbox = new Mailbox(portcullis.mails, email);
  await open(page, (await mailbox.next('Verify your email address')).links[0]!);
  await press(page, 'Verify email address');
  await arrives(page, '/dashboard');
  await page.context().clearCookies();
  await open(page, '/recovery');
  await field(page, 'Email').fill(email);
  await press(page, 'Send link');
  await open(page, (await mailbox.next('Reset your password')).links[0]!);
  await field(page, 'New password').fill('a new password of Ada 42');
  await press(page, 'Reset password');
  await arrives(page, '/sign-in');
  await submitSignIn(page, email, 'a new password of Ada 42');
  await arrives(page, '/sign-in/second-factor');
  await press(page, 'Use a passkey');
  await expect(page).toHaveURL('/dashboard/security?review=yes');
  await expect(page.getByRole('heading', { name: 'Check what else can sign in' })).toBeVisible();
  await confirm(page, 'Remove passkey');
  await says(page, 'Passkey removed.');
  await device.hears('deleted');
  await expect(page.getByRole('heading', { name: 'Check what else can sign in' })).toBeVisible();
});
