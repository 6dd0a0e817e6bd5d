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
  await field(page, 'Email or name').fill(email.split('@')[0]!);
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
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Create the first administrator');
    await field(page, 'Email').fill(root);
    await field(page, 'Password').fill(PASSWORD);
    await press(page, 'Create administrator');
    await arrives(page, '/admin');
    await says(page, 'You are the first administrator.');
    const chart = page.getByRole('group', { name: 'Sign-ins per day, last 30 days' });
    const today = chart.getByRole('radio', { name: /^[\d-]+: \d+ signed in, \d+ refused$/ }).last();
    // A day under the pointer would come first.
    await page.mouse.move(0, 0);
    await today.focus();
    await page.keyboard.press('Space');
    await expect(today).toBeChecked();
    await expect(chart.locator('.numbers-of-day').last()).toHaveCSS('opacity', '1');

    // Create a role for support.
    await page.getByRole('link', { name: 'Roles', exact: true }).click();
    await arrives(page, '/admin/roles');
    await page.getByRole('link', { name: 'Create role' }).click();
    await arrives(page, '/admin/role');
    await field(page, 'Name').fill('Support');
    await press(page, 'Create role');
    await expect(field(page, 'Name')).toHaveAccessibleDescription(/Use 2 to 40 lowercase letters/);
    await field(page, 'Name').fill('support');
    await field(page, 'Description').fill('Helps people who are stuck');
    await page.getByLabel('View users and all data about them').check();
    await page.getByLabel('Send password reset links, unlink accounts, remove second factors and unlock sign-ins').check();
    await field(page, 'App permissions').fill('billing:read');
    await press(page, 'Create role');
    await arrives(page, '/admin/roles');
    await says(page, 'Role created.');
    await expect(row(page, 'support')).toContainText('users.read users.recover billing:read');

    // Invite a user with that role.
    await open(page, '/admin/invitations');
    await field(page, 'Email').fill(support);
    await field(page, 'Role').selectOption('support');
    await press(page, 'Send invitation');
    await says(page, 'Invitation sent.');
    await expect(row(page, support)).toContainText('support');
    const invitation = await new Mailbox(portcullis.mails, support).next('You are invited to Portcullis');
    const helper = await anotherBrowser();
    await open(helper, invitation.links[0]!);
    await helper.getByRole('link', { name: 'Create account' }).click();
    await field(helper, 'Email').fill(support);
    await field(helper, 'Password').fill(PASSWORD);
    await press(helper, 'Create account');
    await arrives(helper, '/sign-in');
    await submitSignIn(helper, support);
    await arrives(helper, '/dashboard');
    await expect(helper.getByRole('link', { name: 'Administration' })).toHaveCount(1);

    // Support sees users, may do little to them, and can't act on a user with more permissions.
    await openUserPage(helper, root);
    await expect(helper.getByText('Disable user')).toHaveCount(0);
    await expect(disclosure(helper, 'Send password reset link')).toHaveCount(0);

    // A user signs up and misbehaves.
    const visitor = newEmail();
    const theirs = await anotherBrowser();
    await open(theirs, '/sign-up');
    await field(theirs, 'Email').fill(visitor);
    await field(theirs, 'Password').fill(PASSWORD);
    await press(theirs, 'Create account');
    await arrives(theirs, '/sign-in');
    await submitSignIn(theirs, visitor);
    await arrives(theirs, '/dashboard');
    await openUserPage(page, visitor);
    await disclosure(page, 'Disable user').click();
    await press(page, 'Disable user');
    await expect(field(page, 'Reason')).toHaveAccessibleDescription(/Enter a reason/);
    await field(page, 'Reason').fill('sends spam');
    await press(page, 'Disable user');
    await says(page, 'User disabled and signed out everywhere.');
    await expect(page.getByRole('main')).toContainText('Disabled because: sends spam');
    await open(theirs, '/dashboard');
    await expect(theirs).toHaveURL('/sign-in?next=/dashboard');
    await submitSignIn(theirs, visitor);
    await refuses(theirs, 'This account is disabled. Contact an administrator of this site.');
    await confirm(page, 'Enable user');
    await says(page, 'User enabled.');
    await submitSignIn(theirs, visitor);
    await arrives(theirs, '/dashboard');

    // Help a user who can't sign in.
    await openUserPage(helper, visitor);
    await confirm(helper, 'Send password reset link');
    await says(helper, 'We sent the user a link to reset their password.');
    const mailbox = new Mailbox(portcullis.mails, visitor);
    expect((await mailbox.next('Reset your password')).text).toContain('asks you to reset the password');

    // Giving or removing a role takes effect at once; a role needs a verified email.
    await expect(
      page.getByText("This user's email address is not verified. Ask them to verify it first."),
    ).toBeVisible();
    await expect(field(page, 'Role to assign')).toHaveCount(0);
    const verification = await mailbox.next('Verify your email address');
    await open(theirs, verification.links[0]!);
    await press(theirs, 'Verify email address');
    await arrives(theirs, '/dashboard');
    await openUserPage(page, visitor);
    await field(page, 'Role to assign').selectOption('support');
    await press(page, 'Assign role');
    await says(page, 'Role assigned.');
    await open(theirs, '/admin/users');
    await arrives(theirs, '/admin/users');
    await confirm(page, 'Unassign role');
    await says(page, 'Role unassigned.');
    await open(theirs, '/admin/users');
    await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Not allowed');

    // Impersonate the user.
    await openUserPage(page, visitor);
    await confirm(page, 'Impersonate user');
    await arrives(page, '/dashboard');
    const banner = page.getByRole('region', { name: 'Impersonation' });
    await expect(banner).toContainText(visitor);
    await open(page, '/dashboard/security');
    await expect(banner).toBeVisible();
    await field(page, 'Current password').fill(PASSWORD);
    await field(page, 'New password').fill('a password of somebody else');
    await press(page, 'Change password');
    await refuses(page, "You can't do this while you impersonate a user.");
    await banner.getByRole('button', { name: 'End impersonation' }).click();
    await arrives(page, '/admin/users');
    await says(page, 'Impersonation ended.');
    await mailbox.next('An administrator started impersonating you');

    // The audit log shows all of it, by name, and can be exported.
    await open(page, '/admin/audit');
    await field(page, 'Actor').fill(root);
    await press(page, 'Find events');
    for (const what of ['Account disabled', 'Account enabled', 'Impersonation started', 'Impersonation ended']) {
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
    await says(page, 'Account deletion scheduled.');
    await confirm(page, 'Cancel deletion');
    await says(page, 'Account deletion cancelled.');

    // The last administrator can't be removed.
    await openUserPage(page, root);
    await expect(page.getByText('This would leave no administrator.')).toBeVisible();
    await expect(disclosure(page, 'Unassign role')).toHaveCount(0);
    await expect(disclosure(page, 'Delete account')).toHaveCount(0);
    await open(page, '/admin');
    await signOut(page);
    await signIn(page, root);
  });
}
