import { readFile } from 'node:fs/promises';

import type { Page } from '@playwright/test';

import { Mailbox } from './mailbox.ts';
import type { Portcullis } from './portcullis.ts';
import {
  PASSWORD,
  arrives,
  confirm,
  disclosure,
  field,
  newEmail,
  open,
  press,
  refuses,
  says,
  signIn,
  signOut,
  submitSignIn,
} from './steps.ts';
import { expect, test } from './test.ts';

/** Returns the row of a table with this text. */
export function row(page: Page, text: string) {
  return page.getByRole('row').filter({ hasText: text });
}

/** Opens a user's page from the list, after searching for the user. */
export async function openUserPage(page: Page, email: string): Promise<void> {
  await open(page, '/admin/users');
  await field(page, 'Words of an address or a name').fill(email.split('@')[0]!);
  await press(page, 'Find users');
  await row(page, email).getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('User');
  await expect(page.getByRole('main')).toContainText(email);
}

/** Signs in as an administrator created on the command line; returns the email. */
export async function signInAsAdministrator(page: Page, portcullis: Portcullis): Promise<string> {
  const email = newEmail();
  await portcullis.run(['user', 'create', email, '--admin', '--password-stdin'], `${PASSWORD}\n`);
  await signIn(page, email);
  return email;
}

/** Tests an administrator's work from the first start on, with or without scripts. Needs an unused site. */
export function defineAdministrationTest(): void {
  test('an administrator sets up the site, manages roles and users, impersonates a user and exports the audit log', async ({
    page,
    portcullis,
    anotherBrowser,
  }) => {
    test.setTimeout(180_000);
    const root = newEmail();
    const support = newEmail();

    // The first start has printed a link.
    const link = /http:\S+\/tickets\/\S+/.exec(portcullis.log())![0];
    await open(page, link);
    await expect(page).toHaveURL('/ticket');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Set up');
    await field(page, 'E-mail').fill(root);
    await field(page, 'Password').fill(PASSWORD);
    await press(page, 'Create administrator');
    await arrives(page, '/admin');
    await says(page, 'You are the first administrator.');
    await expect(page.getByRole('img', { name: /Sign-ins and refusals by day/ })).toBeVisible();

    // Create a role for support.
    await page.getByRole('link', { name: 'Roles', exact: true }).click();
    await arrives(page, '/admin/roles');
    await page.getByRole('link', { name: 'Make a role' }).click();
    await arrives(page, '/admin/role');
    await field(page, 'Name').fill('Support');
    await press(page, 'Make role');
    await expect(field(page, 'Name')).toHaveAccessibleDescription(/Use 2 to 40 small letters/);
    await field(page, 'Name').fill('support');
    await field(page, 'What it is for').fill('Helps people who are stuck');
    await page.getByLabel('See users and all that is known of them').check();
    await page.getByLabel('Send links to choose a new password, remove ways in').check();
    await field(page, 'What it allows in the apps behind').fill('billing:read');
    await press(page, 'Make role');
    await arrives(page, '/admin/roles');
    await says(page, 'The role is made.');
    await expect(row(page, 'support')).toContainText('users.read users.recover billing:read');

    // Invite a user with that role.
    await open(page, '/admin/invitations');
    await field(page, 'E-mail').fill(support);
    await field(page, 'Role').selectOption('support');
    await press(page, 'Send invitation');
    await says(page, 'An invitation is on its way.');
    await expect(row(page, support)).toContainText('support');
    const invitation = await new Mailbox(portcullis.mails, support).next('You are invited to Portcullis');
    const helper = await anotherBrowser();
    await open(helper, invitation.links[0]!);
    await helper.getByRole('link', { name: 'Create the account' }).click();
    await field(helper, 'E-mail').fill(support);
    await field(helper, 'Password').fill(PASSWORD);
    await press(helper, 'Create account');
    await arrives(helper, '/sign-in');
    await submitSignIn(helper, support);
    await arrives(helper, '/dashboard');
    await expect(helper.getByRole('link', { name: 'Administration' })).toHaveCount(1);

    // Support sees users, may do little to them, and can't act on a user with more permissions.
    await openUserPage(helper, root);
    await expect(helper.getByText('Disable user')).toHaveCount(0);
    await expect(disclosure(helper, 'Send password link')).toHaveCount(0);

    // A user signs up and misbehaves.
    const visitor = newEmail();
    const theirs = await anotherBrowser();
    await open(theirs, '/sign-up');
    await field(theirs, 'E-mail').fill(visitor);
    await field(theirs, 'Password').fill(PASSWORD);
    await press(theirs, 'Create account');
    await arrives(theirs, '/sign-in');
    await submitSignIn(theirs, visitor);
    await arrives(theirs, '/dashboard');
    await openUserPage(page, visitor);
    await disclosure(page, 'Disable user').click();
    await press(page, 'Disable user');
    await expect(field(page, 'Why')).toHaveAccessibleDescription(/Say why/);
    await field(page, 'Why').fill('sends spam');
    await press(page, 'Disable user');
    await says(page, 'The user is disabled and signed out everywhere.');
    await expect(page.getByRole('main')).toContainText('Disabled because: sends spam');
    await open(theirs, '/dashboard');
    await expect(theirs).toHaveURL('/sign-in?next=/dashboard');
    await submitSignIn(theirs, visitor);
    await refuses(theirs, 'This account is disabled. Ask those who run this site.');
    await confirm(page, 'Enable user');
    await says(page, 'The user is enabled.');
    await submitSignIn(theirs, visitor);
    await arrives(theirs, '/dashboard');

    // Help a user who can't sign in.
    await openUserPage(helper, visitor);
    await confirm(helper, 'Send password link');
    await says(helper, 'A link to choose a new password is on its way to the user.');
    const mailbox = new Mailbox(portcullis.mails, visitor);
    expect((await mailbox.next('Choose a new password')).text).toContain('asks you to choose a new password');

    // Giving or removing a role takes effect at once; a role needs a verified email.
    await expect(
      page.getByText("This user's address is not proven yet. Ask them to confirm it first."),
    ).toBeVisible();
    await expect(field(page, 'Another role')).toHaveCount(0);
    const verification = await mailbox.next('Confirm your e-mail address');
    await open(theirs, verification.links[0]!);
    await press(theirs, 'Confirm address');
    await arrives(theirs, '/dashboard');
    await openUserPage(page, visitor);
    await field(page, 'Another role').selectOption('support');
    await press(page, 'Give role');
    await says(page, 'The role is given.');
    await open(theirs, '/admin/users');
    await arrives(theirs, '/admin/users');
    await confirm(page, 'Take role away');
    await says(page, 'The role is taken away.');
    await open(theirs, '/admin/users');
    await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Not allowed');

    // Impersonate the user.
    await openUserPage(page, visitor);
    await confirm(page, 'Use the site as this user');
    await arrives(page, '/dashboard');
    const banner = page.getByRole('region', { name: 'Impersonation' });
    await expect(banner).toContainText(visitor);
    await open(page, '/dashboard/security');
    await expect(banner).toBeVisible();
    await field(page, 'Current password').fill(PASSWORD);
    await field(page, 'New password').fill('a password of somebody else');
    await press(page, 'Change password');
    await refuses(page, "You can't do this while you use the site as somebody else.");
    await banner.getByRole('button', { name: 'Stop' }).click();
    await arrives(page, '/admin/users');
    await says(page, 'You are yourself again.');
    await mailbox.next('An administrator used your account');

    // The audit log shows all of it, by name, and can be exported.
    await open(page, '/admin/audit');
    await field(page, 'By').fill(root);
    await press(page, 'Find events');
    for (const what of ['Disabled', 'Enabled', 'Began to use the site as this user', 'Stopped using the site as this user']) {
      await expect(row(page, what).filter({ hasText: root }).filter({ hasText: visitor })).toHaveCount(1);
    }
    const downloading = page.waitForEvent('download');
    await press(page, 'Export events');
    const file = await readFile(await (await downloading).path(), 'utf8');
    const kinds = file.trim().split('\n').map((it) => (JSON.parse(it) as { kind: string }).kind);
    expect(kinds).toContain('impersonation_begun');
    expect(kinds).not.toContain('signed_up');

    // Delete the account, then cancel the deletion.
    await openUserPage(page, visitor);
    await confirm(page, 'Delete account');
    await says(page, 'The account is closed and will be deleted.');
    await confirm(page, 'Bring account back');
    await says(page, 'The account is back.');

    // The last administrator can't be removed.
    await openUserPage(page, root);
    await expect(page.getByText('This would leave nobody who administers.')).toBeVisible();
    await expect(disclosure(page, 'Take role away')).toHaveCount(0);
    await expect(disclosure(page, 'Delete account')).toHaveCount(0);
    await open(page, '/admin');
    await signOut(page);
    await signIn(page, root);
  });
}
