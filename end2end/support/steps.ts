import { randomUUID } from 'node:crypto';

import { type BrowserContext, type Cookie, type Locator, type Page, expect } from '@playwright/test';

/** A password that is long enough. */
export const PASSWORD = 'three short words here';

/** The heading of each page, by its path. */
const HEADINGS: Record<string, string> = {
  '/sign-up': 'Create your account',
  '/sign-in': 'Sign in',
  '/dashboard': 'Overview',
  '/dashboard/profile': 'Profile',
  '/dashboard/security': 'Security',
  '/dashboard/linked-accounts': 'Linked accounts',
  '/dashboard/sessions': 'Sessions',
  '/dashboard/activity': 'Activity',
  '/sign-in/second-factor': 'Second factor',
  '/dashboard/add-authenticator-app': 'Add an authenticator app',
  '/dashboard/add-passkey': 'Add a passkey',
  '/dashboard/recovery-codes': 'New recovery codes',
  '/sign-in-by-mail': 'Sign in by email',
  '/sign-in-code': 'Enter the code',
  '/finish-sign-up': 'Finish signing up',
  '/recovery': 'Reset your password',
  '/reauthenticate': 'Confirm your identity',
  '/verify-address': 'Verify your email address',
  '/admin': 'Administration',
  '/admin/users': 'Users',
  '/admin/user': 'User',
  '/admin/invitations': 'Invitations',
  '/admin/roles': 'Roles',
  '/admin/role': 'Role',
  '/admin/audit': 'Audit log',
  '/admin/mail': 'Mail',
  '/admin/providers': 'Providers',
  '/admin/limits': 'Limits',
};

const scriptless = new WeakSet<BrowserContext>();

export function markScriptless(context: BrowserContext): void {
  scriptless.add(context);
}

/** Returns a name that was never used before. */
export function newName(kind = 'visitor'): string {
  return `${kind}-${randomUUID().slice(0, 8)}`;
}

/** Returns an email that was never used before. */
export function newEmail(): string {
  return `${newName()}@example.test`;
}

/** Waits until the page is hydrated, if it has scripts, and its first field has the focus. */
export async function ready(page: Page): Promise<void> {
  // An error page has no scripts.
  const isHydrated = !scriptless.has(page.context()) && (await page.locator('script[type=module]').count()) > 0;
  if (isHydrated) await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await waitForAutofocus(page);
}

/** Waits until the first field has the focus: an earlier focus would log a message in the console. */
export async function waitForAutofocus(page: Page): Promise<void> {
  if (await page.locator('[autofocus]').count()) await expect(page.locator(':focus')).toHaveCount(1);
}

/** Opens a URL as if it were typed. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await ready(page);
}

/** Leaves the site, so that nothing loads from a server that is about to stop. */
export async function leave(page: Page): Promise<void> {
  await page.goto('about:blank');
}

/** Checks that the visitor has arrived at this page. */
export async function arrives(page: Page, path: string): Promise<void> {
  await expect(page).toHaveURL(path);
  const heading = HEADINGS[path.split('?')[0]!];
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading ?? /./);
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
  await ready(page);
}

export function press(page: Page | Locator, name: string): Promise<void> {
  return page.getByRole('button', { name, exact: true }).click();
}

export function field(page: Page, label: string): Locator {
  return page.getByLabel(label, { exact: true });
}

/** Returns the summary of the disclosure with this name. */
export function disclosure(within: Page | Locator, name: string): Locator {
  return within.locator('summary').filter({ hasText: exactly(name) });
}

/** Opens a disclosure and presses the button with the same name inside. */
export async function confirm(within: Page | Locator, name: string): Promise<void> {
  await disclosure(within, name).click();
  await within.locator('details[open]').getByRole('button', { name, exact: true }).click();
}

function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${escape(text)}\\s*$`);
}

/** Checks that the page shows this notice. */
export async function says(page: Page, sentence: string): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: sentence })).toBeVisible();
}

/** Checks that the page shows this alert. */
export async function warns(page: Page | Locator, sentence: string): Promise<void> {
  await expect(page.getByRole('alert').filter({ hasText: sentence })).toBeVisible();
}

/** Checks that a form was refused: its summary says so and has the focus. */
export async function refuses(page: Page | Locator, sentence: string): Promise<void> {
  await warns(page, sentence);
  await expect(page.getByRole('alert').filter({ hasText: sentence })).toBeFocused();
}

/** Checks that a field is invalid and says why, and that the form's summary announces it. */
export async function refusesField(page: Page, label: string, sentence: string): Promise<void> {
  const input = field(page, label);
  await expect(input).toHaveAttribute('aria-invalid', 'true');
  await expect(input).toHaveAccessibleDescription(new RegExp(escape(sentence)));
  await refuses(page, 'Some fields have errors.');
  await ready(page);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export async function signUp(page: Page, email: string, password = PASSWORD): Promise<void> {
  await open(page, '/sign-up');
  await field(page, 'Email').fill(email);
  await field(page, 'Password').fill(password);
  await press(page, 'Create account');
}

/** Fills in and sends the sign-in form of the open page. */
export async function submitSignIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await field(page, 'Email').fill(email);
  await field(page, 'Password').fill(password);
  await press(page, 'Sign in');
}

export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await open(page, '/sign-in');
  await submitSignIn(page, email, password);
  await arrives(page, '/dashboard');
}

/** Sends a form as this browser would, without a page. */
async function send(page: Page, path: string, form: Record<string, string>): Promise<void> {
  const headers = {
    'accept': 'application/json',
    'sec-fetch-site': 'same-origin',
    'user-agent': await page.evaluate(() => navigator.userAgent),
  };
  const answer = await page.request.post(path, { form, headers });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** Signs in without a page, for tests that are not about signing in. */
export async function startSession(page: Page, email: string): Promise<void> {
  await send(page, '/api/sign-in/password', { email, password: PASSWORD });
}

/** Creates a user and signs in, both without a page, for tests of something else; returns the email. */
export async function newUser(page: Page, email = newEmail()): Promise<string> {
  await send(page, '/api/sign-up', { email, password: PASSWORD });
  await startSession(page, email);
  return email;
}

/** Creates a user, signs in and opens the dashboard; returns the email. */
export async function newUserOnDashboard(page: Page, email = newEmail()): Promise<string> {
  await newUser(page, email);
  await open(page, '/dashboard');
  return email;
}

/** Signs up and in on the pages for it; returns the email. */
export async function signUpAndIn(page: Page): Promise<string> {
  const email = newEmail();
  await signUp(page, email);
  await arrives(page, '/sign-in');
  await submitSignIn(page, email);
  await arrives(page, '/dashboard');
  return email;
}

export async function signOut(page: Page): Promise<void> {
  await press(page, 'Sign out');
  await arrives(page, '/sign-in');
  await says(page, 'You are signed out.');
}

/** Holds requests back until `release` is called. */
export async function hold(page: Page, pattern: string): Promise<{ requests: string[]; release: () => void }> {
  const requests: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(pattern, async (route) => {
    requests.push(route.request().url());
    await held;
    await route.continue();
  });
  return { requests, release };
}

/** Sends an empty form from a page of another site. */
export async function postFromAnotherSite(page: Page, elsewhere: string, action: string): Promise<void> {
  await page.goto(elsewhere);
  const answered = page.waitForResponse(action);
  await page.evaluate((action) => {
    const form = document.createElement('form');
    Object.assign(form, { action, method: 'post' });
    document.body.append(form);
    form.submit();
  }, action);
  await answered;
  await page.waitForLoadState();
}

/** Tells whether the browser is signed in; asks the server, not the page. */
export async function isSignedIn(page: Page): Promise<boolean> {
  const answer = await page.request.get('/dashboard', { maxRedirects: 0 });
  expect([200, 303]).toContain(answer.status());
  return answer.status() === 200;
}

export async function sessionCookie(page: Page): Promise<Cookie | undefined> {
  const cookies = await page.context().cookies();
  return cookies.find((it) => it.name === 'portcullis');
}

/** Presses the provider's button, which may also say that it was used last. */
export function continueWith(page: Page, provider: string): Promise<void> {
  return page.getByRole('button', { name: new RegExp(`^Continue with ${escape(provider)}`) }).click();
}

/** Signs in on the OpenID provider's page. */
export async function submitIdpSignIn(page: Page, login: string): Promise<void> {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('any');
  await press(page, 'Sign-in');
}

/** Signs in at the OpenID provider and consents, on its own two pages. */
export async function signInAtIdp(page: Page, login: string): Promise<void> {
  await submitIdpSignIn(page, login);
  await press(page, 'Continue');
}

/** Signs in, or up, through the OpenID provider. */
export async function signInWithOidc(page: Page, login: string): Promise<void> {
  await open(page, '/sign-in');
  await continueWith(page, 'Test OIDC');
  await signInAtIdp(page, login);
}

/** Signs in, or up, as the forge's current user. */
export async function signInWithForge(page: Page): Promise<void> {
  await open(page, '/sign-in');
  await continueWith(page, 'Forge');
  await press(page, 'Authorize');
}
