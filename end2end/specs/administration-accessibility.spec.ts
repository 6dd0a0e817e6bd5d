import { inspect } from '../support/accessibility.ts';
import { openUserPage, signInAsAdministrator } from '../support/administration.ts';
import { Mailbox } from '../support/mailbox.ts';
import { freePort } from '../support/net.mjs';
import { startPortcullis } from '../support/portcullis.ts';
import {
  PASSWORD,
  arrives,
  confirm,
  disclosure,
  field,
  newEmail,
  newName,
  newUser,
  newUserOnDashboard,
  open,
  press,
  refuses,
  says,
  startSession,
} from '../support/steps.ts';
import { expect, test } from '../support/test.ts';

// Each test checks four looks, after an administrator has signed in.
test.describe.configure({ timeout: 60_000 });

for (const [name, path] of [
  ['admin', '/admin'],
  ['admin-users', '/admin/users'],
  ['admin-users-invalid-query', '/admin/users?sort=height&state=tall&after=nowhere'],
  ['admin-users-empty', '/admin/users?q=nobody-of-this-name'],
  ['admin-invitations', '/admin/invitations'],
  ['admin-roles', '/admin/roles'],
  ['admin-role', '/admin/role'],
  ['admin-audit', '/admin/audit'],
  ['admin-mail', '/admin/mail'],
  ['admin-providers', '/admin/providers'],
] as const) {
  test(`${name} is accessible`, async ({ page, portcullis }) => {
    await signInAsAdministrator(page, portcullis);
    await open(page, '/admin/invitations');
    await field(page, 'Email').fill(newEmail());
    await press(page, 'Send invitation');
    await says(page, 'Invitation sent.');
    await inspect(page, name, () => open(page, path));
  });
}

test('the user page is accessible for an active user and for a disabled one with a pending deletion', async ({
  page,
  portcullis,
  anotherBrowser,
}) => {
  const role = newName('role');
  await portcullis.run(['role', 'create', role, '--about', 'Looks at bills', '--permission', 'billing:read']);
  await signInAsAdministrator(page, portcullis);
  const visitor = await anotherBrowser();
  const email = await newUserOnDashboard(visitor);
  // Only users with a verified email can have permissions.
  const verification = await new Mailbox(portcullis.mails, email).next('Verify your email address');
  await open(visitor, verification.links[0]!);
  await press(visitor, 'Verify email address');
  await startSession(await anotherBrowser(), email);
  await portcullis.run(['user', 'roles', email, '--add', role]);
  await inspect(page, 'admin-user', async () => {
    await openUserPage(page, email);
    for (const it of await page.getByRole('main').locator('summary').all()) await it.click();
  });
  await portcullis.run(['user', 'disable', email, '--reason', 'sends spam', '--until', '2099-12-24']);
  await portcullis.run(['user', 'delete', email]);
  await inspect(page, 'admin-user-disabled', () => openUserPage(page, email));
});

test('a refused action on a user is accessible', async ({ page, portcullis }) => {
  const email = await signInAsAdministrator(page, portcullis);
  await inspect(page, 'admin-user-refused', async () => {
    await openUserPage(page, email);
    await disclosure(page, 'Disable user').click();
    await press(page, 'Disable user');
    await refuses(page, 'Some fields have errors.');
  });
});

test('a refused role form is accessible', async ({ page, portcullis }) => {
  await signInAsAdministrator(page, portcullis);
  await inspect(page, 'admin-role-refused', async () => {
    await open(page, '/admin/role');
    await field(page, 'Name').fill('Support!');
    await press(page, 'Create role');
    await refuses(page, 'Some fields have errors.');
  });
});

test('the limits page is accessible with a limit reached', async ({ page, portcullis, anotherBrowser }) => {
  await signInAsAdministrator(page, portcullis);
  const stranger = await anotherBrowser();
  const form = { email: newEmail(), password: PASSWORD };
  for (let tries = 0; tries < 6; tries += 1) {
    await stranger.request.post('/api/sign-up', { form, headers: { origin: portcullis.url } });
  }
  await inspect(page, 'admin-limits', async () => {
    await open(page, '/admin/limits');
    await disclosure(page, 'Lift').first().click();
  });
});

test('the security page is accessible during impersonation', async ({ page, portcullis, anotherBrowser }) => {
  await signInAsAdministrator(page, portcullis);
  const email = await newUser(await anotherBrowser());
  await openUserPage(page, email);
  await confirm(page, 'Impersonate user');
  await arrives(page, '/dashboard');
  await inspect(page, 'impersonation', () => open(page, '/dashboard/security'));
});

test('the open More menu is accessible', async ({ page, portcullis }) => {
  await signInAsAdministrator(page, portcullis);
  await inspect(page, 'admin-more', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await open(page, '/admin');
    await page.getByRole('link', { name: 'More', exact: true }).click();
    await expect(page.getByRole('link', { name: 'Limits', exact: true })).toBeVisible();
  });
});

test('the page shown to a user without permission is accessible', async ({ page }) => {
  await newUserOnDashboard(page);
  await inspect(page, 'admin-forbidden', async () => {
    await page.goto('/admin/users');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not allowed');
  });
});

test('the page that creates the first administrator is accessible', async ({ page }) => {
  const portcullis = await startPortcullis(await freePort(), {});
  try {
    const link = /http:\S+\/tickets\/\S+/.exec(portcullis.log())![0];
    await inspect(page, 'set-up', () => open(page, link));
  } finally {
    await portcullis.stop();
  }
});

test('the page of an invitation link is accessible', async ({ page, portcullis, anotherBrowser }) => {
  await signInAsAdministrator(page, portcullis);
  const email = newEmail();
  await open(page, '/admin/invitations');
  await field(page, 'Email').fill(email);
  await press(page, 'Send invitation');
  await says(page, 'Invitation sent.');
  const mail = await new Mailbox(portcullis.mails, email).next('You are invited to Portcullis');
  const invited = await anotherBrowser();
  await inspect(invited, 'ticket-invitation', () => open(invited, mail.links[0]!));
});
