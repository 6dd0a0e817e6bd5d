import type { ExecFileException } from 'node:child_process';

import { Authenticator } from '../support/authenticator.ts';
import { VirtualAuthenticator } from '../support/passkeys.ts';
import type { Portcullis } from '../support/portcullis.ts';
import { PASSWORD, field, newEmail, open, press, refuses, says, submitSignIn } from '../support/steps.ts';
import { expect, test } from '../support/test.ts';

test('with the default profile doctor requires nothing of a setting', async ({ portcullis }, info) => {
  const found = await portcullis.run(['doctor']);
  await info.attach('doctor', { body: found, contentType: 'text/plain' });
  expect(found).toMatch(/ok +profile +default\n/);
  expect(found).not.toContain('required:');
});

/** Runs `doctor` where it finds something, and returns what it prints. */
async function examine(portcullis: Portcullis): Promise<string> {
  const found = await portcullis.run(['doctor']).then(
    (text) => ({ code: 0, stdout: text }),
    (error: ExecFileException) => error,
  );
  expect(found.code, found.stdout).toBe(3);
  return found.stdout!;
}

test('with the profile aal3 only a passkey that stays on its device completes a sign-in', async ({ page, startSite }, info) => {
  const portcullis = await startSite({ PORTCULLIS_PROFILE: 'aal3' });
  const at = (path: string) => `${portcullis.url}${path}`;
  const email = newEmail();
  await portcullis.run(['user', 'create', email, '--password-stdin'], `${PASSWORD}\n`);
  const cloud = await VirtualAuthenticator.plugIn(page);
  await open(page, at('/sign-in'));
  await submitSignIn(page, email);
  await expect(page).toHaveURL(at('/sign-in/second-factor'));
  await expect(page.getByRole('main')).toContainText("This site requires a passkey that can't leave its device");
  await expect(page.locator('.qr')).toHaveCount(0);
  await press(page, 'Add passkey and sign in');
  await refuses(page, "This site accepts only passkeys that can't leave their device");
  await cloud.unplug();
  const key = await VirtualAuthenticator.plugIn(page, { isSynced: false });
  await press(page, 'Add passkey and sign in');
  await expect(page).toHaveURL(at('/dashboard/security'));
  await says(page, 'Passkey added.');
  const main = page.getByRole('main');
  await expect(main).toContainText('On one device only');
  await expect(main).toContainText('Add a second passkey.');
  for (const other of ['Recovery codes', 'Authenticator apps']) await expect(main).not.toContainText(other);

  // Without suggestions, which the device would take at once.
  await page.addInitScript(() => {
    if (isSecureContext) PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
  await press(page, 'Sign out');
  await expect(page).toHaveURL(at('/sign-in'));
  await page.reload();
  await submitSignIn(page, email);
  await expect(page).toHaveURL(at('/sign-in/second-factor'));
  await expect(page.getByText('Trust this browser')).toHaveCount(0);
  await press(page, 'Use a passkey');
  await expect(page).toHaveURL(at('/dashboard'));
  expect(await key.credentials()).toHaveLength(1);

  const found = await examine(portcullis);
  await info.attach('doctor', { body: found, contentType: 'text/plain' });
  expect(found).toMatch(/ok +session.idle +"15m" \(profile aal3\); required: at most 15m/);
  expect(found).toMatch(/error +sign_in.by_mail +"on" \(environment \S+, overrides the profile\); required: off/);
  expect(found).toMatch(/arrange +outside +authenticators that you hand out/);
});

test('with the profile asvs-l2 a second factor of either kind completes the first sign-in', async ({ page, startSite }, info) => {
  const portcullis = await startSite({ PORTCULLIS_PROFILE: 'asvs-l2' });
  const at = (path: string) => `${portcullis.url}${path}`;
  const [first, second] = [newEmail(), newEmail()];
  for (const email of [first, second]) {
    await portcullis.run(['user', 'create', email, '--password-stdin'], `${PASSWORD}\n`);
  }
  await open(page, at('/sign-in'));
  await submitSignIn(page, first);
  await expect(page).toHaveURL(at('/sign-in/second-factor'));
  const app = await Authenticator.scan(page);
  await field(page, 'Code').fill(await app.nextCode());
  await press(page, 'Add app and sign in');
  await expect(page).toHaveURL(at('/dashboard/recovery-codes'));
  await press(page, 'Sign out');
  await expect(page).toHaveURL(at('/sign-in'));

  await submitSignIn(page, second);
  await expect(page).toHaveURL(at('/sign-in/second-factor'));
  const device = await VirtualAuthenticator.plugIn(page);
  await device.verifiesUser(false);
  await press(page, 'Add passkey and sign in');
  await refuses(page, 'No passkey was used. Try again or choose another way.');
  await device.verifiesUser(true);
  await press(page, 'Add passkey and sign in');
  await expect(page).toHaveURL(at('/dashboard/recovery-codes'));
  await says(page, 'Passkey added.');

  const found = await examine(portcullis);
  await info.attach('doctor', { body: found, contentType: 'text/plain' });
  expect(found).toMatch(/ok +second_factor.require +"everyone" \(profile asvs-l2\)/);
  expect(found).toMatch(/error +site.url .*required: an https URL/);
  expect(found).toMatch(/error +password.memory_kib +8 \(environment \S+\); required: no cheaper than recommended/);
});
