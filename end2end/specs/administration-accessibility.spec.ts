import { inspect } from '../support/accessibility.ts';
import { administrator, find } from '../support/administration.ts';
import { Mailbox } from '../support/mailbox.ts';
import { freePort } from '../support/net.mjs';
import { startPortcullis } from '../support/portcullis.ts';
import {
  PASSWORD,
  arrives,
  confirm,
  disclosure,
  field,
  newAddress,
  newName,
  newUser,
  newcomer,
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
  ['admin-users-odd', '/admin/users?sort=height&state=tall&after=nowhere'],
  ['admin-users-nobody', '/admin/users?q=nobody-of-this-name'],
  ['admin-invitations', '/admin/invitations'],
  ['admin-roles', '/admin/roles'],
  ['admin-role', '/admin/role'],
  ['admin-audit', '/admin/audit'],
  ['admin-mail', '/admin/mail'],
  ['admin-providers', '/admin/providers'],
] as const) {
  test(name, async ({ page, portcullis }) => {
    await administrator(page, portcullis);
    await open(page, '/admin/invitations');
    await field(page, 'E-mail').fill(newAddress());
    await press(page, 'Send invitation');
    await says(page, 'An invitation is on its way.');
    await inspect(page, name, () => open(page, path));
  });
}

test("a user's whole story", async ({ page, portcullis, anotherBrowser }) => {
  const role = newName('role');
  await portcullis.run(['role', 'create', role, '--about', 'Looks at bills', '--permission', 'billing:read']);
  await administrator(page, portcullis);
  const visitor = await anotherBrowser();
  const email = await newcomer(visitor);
  // Only users with a verified email can have permissions.
  const verification = await new Mailbox(portcullis.mails, email).next('Confirm your e-mail address');
  await open(visitor, verification.links[0]!);
  await press(visitor, 'Confirm address');
  await startSession(await anotherBrowser(), email);
  await portcullis.run(['user', 'roles', email, '--add', role]);
  await inspect(page, 'admin-user', async () => {
    await find(page, email);
    for (const it of await page.getByRole('main').locator('summary').all()) await it.click();
  });
  await portcullis.run(['user', 'disable', email, '--reason', 'sends spam', '--until', '2099-12-24']);
  await portcullis.run(['user', 'delete', email]);
  await inspect(page, 'admin-user-kept-out', () => find(page, email));
});

test('an act that is refused', async ({ page, portcullis }) => {
  const email = await administrator(page, portcullis);
  await inspect(page, 'admin-user-refused', async () => {
    await find(page, email);
    await disclosure(page, 'Disable user').click();
    await press(page, 'Disable user');
    await refuses(page, 'Some of this needs another look.');
  });
});

test('a role that is refused', async ({ page, portcullis }) => {
  await administrator(page, portcullis);
  await inspect(page, 'admin-role-refused', async () => {
    await open(page, '/admin/role');
    await field(page, 'Name').fill('Support!');
    await press(page, 'Make role');
    await refuses(page, 'Some of this needs another look.');
  });
});

test('a limit that is reached', async ({ page, portcullis, anotherBrowser }) => {
  await administrator(page, portcullis);
  const stranger = await anotherBrowser();
  const form = { email: newAddress(), password: PASSWORD };
  for (let tries = 0; tries < 6; tries += 1) {
    await stranger.request.post('/api/sign-up', { form, headers: { origin: portcullis.url } });
  }
  await inspect(page, 'admin-limits', async () => {
    await open(page, '/admin/limits');
    await disclosure(page, 'Lift').first().click();
  });
});

test('the site as somebody else', async ({ page, portcullis, anotherBrowser }) => {
  await administrator(page, portcullis);
  const email = await newUser(await anotherBrowser());
  await find(page, email);
  await confirm(page, 'Use the site as this user');
  await arrives(page, '/dashboard');
  await inspect(page, 'impersonation', () => open(page, '/dashboard/security'));
});

test('what comes out of More', async ({ page, portcullis }) => {
  await administrator(page, portcullis);
  await inspect(page, 'admin-more', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await open(page, '/admin');
    await page.getByRole('link', { name: 'More', exact: true }).click();
    await expect(page.getByRole('link', { name: 'Limits', exact: true })).toBeVisible();
  });
});

test('who may not', async ({ page }) => {
  await newcomer(page);
  await inspect(page, 'admin-forbidden', async () => {
    await page.goto('/admin/users');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not allowed');
  });
});

test('the first administrator', async ({ page }) => {
  const portcullis = await startPortcullis(await freePort(), {});
  try {
    const link = /http:\S+\/tickets\/\S+/.exec(portcullis.log())![0];
    await inspect(page, 'set-up', () => open(page, link));
  } finally {
    await portcullis.stop();
  }
});

test('who is invited', async ({ page, portcullis, anotherBrowser }) => {
  await administrator(page, portcullis);
  const email = newAddress();
  await open(page, '/admin/invitations');
  await field(page, 'E-mail').fill(email);
  await press(page, 'Send invitation');
  await says(page, 'An invitation is on its way.');
  const mail = await new Mailbox(portcullis.mails, email).next('You are invited to Portcullis');
  const invited = await anotherBrowser();
  await inspect(invited, 'ticket-invitation', () => open(invited, mail.links[0]!));
});
