import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Page } from '@playwright/test';

import { inspect } from '../support/accessibility.ts';
import { addAuthenticator, saveRecoveryCodes } from '../support/authenticator.ts';
import { Mailbox } from '../support/mailbox.ts';
import { freePort } from '../support/net.mjs';
import { VirtualAuthenticator } from '../support/passkeys.ts';
import { emptyDatabase, startPortcullis } from '../support/portcullis.ts';
import {
  PASSWORD,
  arrives,
  disclosure,
  field,
  newEmail,
  newName,
  newUser,
  newUserOnDashboard,
  open,
  postFromAnotherSite,
  press,
  ready,
  refuses,
  signInWithOidc,
  startSession,
  submitSignIn,
  warns,
} from '../support/steps.ts';
import { expect, test } from '../support/test.ts';

// Each test checks four looks, some of two pages.
test.describe.configure({ timeout: 60_000 });

for (const [name, path] of [
  ['home', '/'],
  ['sign-up', '/sign-up'],
  ['sign-in', '/sign-in'],
  ['sign-in-by-mail', '/sign-in-by-mail'],
  ['sign-in-code', '/sign-in-code'],
  ['recovery', '/recovery'],
  ['ticket-gone', '/ticket'],
  ['not-found', '/nowhere'],
] as const) {
  test(`${name} is accessible`, ({ page }) => inspect(page, name, () => open(page, path)));
}

for (const [name, path, button] of [
  ['sign-up-refused', '/sign-up', 'Create account'],
  ['sign-in-refused', '/sign-in', 'Sign in'],
] as const) {
  test(`${name} is accessible`, ({ page }) =>
    inspect(page, name, async () => {
      await open(page, path);
      await press(page, button);
      await refuses(page, 'Some fields have errors.');
    }),
  );
}

test('the password strength meter is accessible', ({ page }) =>
  inspect(page, 'sign-up-strength', async () => {
    await open(page, '/sign-up');
    for (const [password, strength] of [['aaaaaaaaaaaaaaa', 'weak'], ['three short words', 'strong']] as const) {
      await field(page, 'Password').fill(password);
      await expect(page.getByText(`Strength: ${strength}`)).toBeVisible();
    }
  }));

test('a mailed sign-in link is accessible in the browser that requested it and in another', async ({
  page,
  anotherBrowser,
  portcullis,
}) => {
  const email = await newUser(await anotherBrowser());
  await open(page, '/sign-in-by-mail');
  await field(page, 'Email').fill(email);
  await press(page, 'Send code');
  await arrives(page, '/sign-in-code');
  const [mail] = await new Mailbox(portcullis.mails, email).code();
  await inspect(page, 'ticket-sign-in', () => open(page, mail.links[0]!));
  const elsewhere = await anotherBrowser();
  await inspect(elsewhere, 'ticket-elsewhere', () => open(elsewhere, mail.links[0]!));
});

test('the sign-in page is accessible after signing out', ({ page }) =>
  inspect(page, 'signed-out', async () => {
    await newUserOnDashboard(page);
    await press(page, 'Sign out');
    await arrives(page, '/sign-in');
    await ready(page);
  }));

for (const [name, path] of [
  ['overview', '/dashboard'],
  ['profile', '/dashboard/profile'],
  ['security', '/dashboard/security'],
  ['linked-accounts', '/dashboard/linked-accounts'],
  ['activity', '/dashboard/activity'],
  ['reauthenticate', '/reauthenticate?next=/dashboard/profile'],
  ['verify-address', '/verify-address'],
] as const) {
  test(`${name} is accessible`, async ({ page }) => {
    await newUser(page);
    await inspect(page, name, () => open(page, path));
  });
}

for (const [name, subject, link] of [
  ['ticket-verification', 'Verify your email address', 0],
  ['ticket-recovery', 'Reset your password', 0],
  ['ticket-not-me', 'Reset your password', 1],
] as const) {
  test(`${name} is accessible`, async ({ page, anotherBrowser, portcullis }) => {
    const email = await newUser(await anotherBrowser());
    await open(page, '/recovery');
    await field(page, 'Email').fill(email);
    await press(page, 'Send link');
    const mail = await new Mailbox(portcullis.mails, email).next(subject);
    await inspect(page, name, () => open(page, mail.links[link]!));
  });
}

test('the sessions page is accessible with all confirmations open', async ({ page, anotherBrowser }) => {
  const email = await newUserOnDashboard(page);
  await startSession(await anotherBrowser(), email);
  await inspect(page, 'sessions', async () => {
    await open(page, '/dashboard/sessions');
    for (const summary of await page.getByRole('main').locator('summary').all()) await summary.click();
  });
});

test('the pages for passkeys are accessible', async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const stranger = await anotherBrowser();
  await inspect(stranger, 'sign-up-with-passkey', () => open(stranger, '/sign-up?with=passkey'));
  const device = await VirtualAuthenticator.plugIn(page);
  const email = await newUser(page);
  await inspect(page, 'add-passkey', () => open(page, '/dashboard/add-passkey'));
  await field(page, 'Name').fill('Laptop');
  await press(page, 'Create passkey');
  await arrives(page, '/dashboard/recovery-codes');
  await inspect(page, 'security-with-passkey', async () => {
    await open(page, '/dashboard/security');
    for (const summary of await page.getByRole('main').locator('summary').all()) await summary.click();
  });
  await device.verifiesUser(false);
  await inspect(page, 'reauthenticate-with-passkey', async () => {
    await open(page, '/reauthenticate?next=/dashboard/security');
    await press(page, 'Use a passkey');
    await refuses(page, 'No passkey was used. Try again or choose another way.');
  });
  await open(stranger, '/sign-in');
  await submitSignIn(stranger, email);
  await arrives(stranger, '/sign-in/second-factor');
  await inspect(stranger, 'second-factor-with-passkey', () => open(stranger, '/sign-in/second-factor'));
});

test('the pages for second factors are accessible', async ({ page, anotherBrowser }) => {
  test.setTimeout(180_000);
  const email = await newUser(page);
  await inspect(page, 'add-authenticator-app', () => open(page, '/dashboard/add-authenticator-app'));
  const app = await addAuthenticator(page, 'Phone');
  await arrives(page, '/dashboard/recovery-codes');
  await inspect(page, 'recovery-codes', () => open(page, '/dashboard/recovery-codes'));
  await saveRecoveryCodes(page);
  await inspect(page, 'security-with-app', async () => {
    await open(page, '/dashboard/security');
    for (const summary of await page.getByRole('main').locator('summary').all()) await summary.click();
  });
  await inspect(page, 'reauthenticate-with-app', () => open(page, '/reauthenticate?next=/dashboard/security'));
  const other = await anotherBrowser();
  await open(other, '/sign-in');
  await submitSignIn(other, email);
  await arrives(other, '/sign-in/second-factor');
  await inspect(other, 'second-factor', async () => {
    await open(other, '/sign-in/second-factor');
    await disclosure(other, 'Try another way').click();
  });
  await field(other, 'Code').fill(await app.nextCode());
  await field(other, 'Trust this browser for 30 days').check();
  await press(other, 'Sign in');
  await arrives(other, '/dashboard');
  await inspect(other, 'sessions-trusted', () => open(other, '/dashboard/sessions'));
});

test('linked accounts and security are accessible for an account without a password', async ({ page }) => {
  await signInWithOidc(page, newName());
  await arrives(page, '/dashboard');
  await inspect(page, 'linked-accounts-last', () => open(page, '/dashboard/linked-accounts'));
  await inspect(page, 'security-first', () => open(page, '/dashboard/security'));
});

test('a list that failed to load is accessible', async ({ page, faults }) => {
  faults.tolerate(/^console error: Failed to load resource: the server responded with a status of 503 /);
  await newUserOnDashboard(page);
  await page.route('**/api/sessions', (route) =>
    route.fulfill({ status: 503, contentType: 'application/json', body: '"unavailable"' }),
  );
  await inspect(page, 'sessions-failed', async () => {
    await open(page, '/dashboard');
    await page.getByRole('link', { name: 'Sessions', exact: true }).click();
    await warns(page, "Temporarily unavailable.");
  });
});

// The documents below have no scripts, whatever the browser supports.

test('the error page for a forbidden request is accessible', ({ page, idp, baseURL }) =>
  inspect(page, 'forbidden', async () => {
    await postFromAnotherSite(page, `${idp.issuer}/.well-known/openid-configuration`, `${baseURL}/api/sign-out`);
    await expectErrorPage(page, 'Not allowed');
  }));

test('the error page of a busy server is accessible', async ({ page, faults }) => {
  faults.tolerate(/^console error: Failed to load resource: the server responded with a status of 503 /);
  // One hash takes seconds here, longer than a request may wait.
  const portcullis = await startPortcullis(await freePort(), {
    PORTCULLIS_PASSWORD__HASHERS: '1',
    PORTCULLIS_PASSWORD__MEMORY_KIB: '19456',
    PORTCULLIS_PASSWORD__ITERATIONS: '300',
    PORTCULLIS_PASSWORD__MAX_WAIT: '1s',
  });
  try {
    await inspect(page, 'busy', async () => {
      await open(page, `${portcullis.url}/sign-in`);
      await field(page, 'Email').fill(newEmail());
      await field(page, 'Password').fill(PASSWORD);
      const others = [1, 2].map(() =>
        page.request.post(`${portcullis.url}/api/sign-in/password`, {
          form: { email: newEmail(), password: PASSWORD },
          headers: { origin: portcullis.url },
        }),
      );
      // The second request is refused while the first one's hash is computed.
      expect((await Promise.race(others)).status()).toBe(503);
      await page.locator('form:has([name=email])').evaluate((it: HTMLFormElement) => it.submit());
      await expectErrorPage(page, 'Service unavailable');
      await Promise.all(others);
    });
  } finally {
    await portcullis.stop();
  }
});

test('the pages of a profile are accessible', async ({ page }) => {
  const portcullis = await startPortcullis(await freePort(), { PORTCULLIS_PROFILE: 'asvs-l2' });
  try {
    const email = newEmail();
    await portcullis.run(['user', 'create', email, '--password-stdin'], `${PASSWORD}\n`);
    await open(page, `${portcullis.url}/sign-in`);
    await submitSignIn(page, email);
    await page.waitForURL('**/sign-in/second-factor');
    await inspect(page, 'required-factor', () => open(page, `${portcullis.url}/sign-in/second-factor`));
  } finally {
    await portcullis.stop();
  }
});

test('the error page for an internal error is accessible', async ({ page, faults }) => {
  faults.tolerate(/^console error: Failed to load resource: the server responded with a status of 500 /);
  const data = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
  const portcullis = await startPortcullis(await freePort(), { PORTCULLIS_SITE__DATA: data });
  try {
    await open(page, `${portcullis.url}/sign-up`);
    await emptyDatabase(data);
    await inspect(page, 'failed', async () => {
      await page.context().addCookies([{ name: 'portcullis', value: 'AAAAAAAAAAAAAAAAAAAAAA', url: portcullis.url }]);
      await page.goto(`${portcullis.url}/sign-in`);
      await expectErrorPage(page, 'Something went wrong');
    });
  } finally {
    await portcullis.stop();
    await rm(data, { recursive: true, force: true });
  }
});

async function expectErrorPage(page: Page, title: string): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  await expect(page).toHaveTitle(`${title} · Portcullis`);
  await expect(page.locator('code')).toHaveText(/^[0-9a-f]{16}$/);
}
