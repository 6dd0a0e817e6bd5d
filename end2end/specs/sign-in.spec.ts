import {
  arrives,
  enterPair,
  field,
  isSignedIn,
  newAddress,
  newcomer,
  open,
  press,
  refuses,
  refusesField,
  sessionCookie,
  signIn,
  signOut,
  signUp,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const DAY = 86_400;

bothWays(() => {
  test('a wrong pair is refused, keeps the address and forgets the password', async ({ page }) => {
    const email = newAddress();
    await signUp(page, email);
    await arrives(page, '/sign-in');

    for (const [address, password] of [
      [email, 'not the password'],
      [newAddress(), 'not the password'],
    ] as const) {
      await open(page, '/sign-in');
      await enterPair(page, address, password);
      await refuses(page, "That e-mail and password don't match.");
      await arrives(page, '/sign-in');
      await expect(field(page, 'E-mail')).toHaveValue(address);
      await expect(field(page, 'Password')).toHaveValue('');
    }
    expect(await sessionCookie(page)).toBeUndefined();
  });

  test('an empty form names both fields', async ({ page }) => {
    await open(page, '/sign-in');
    await press(page, 'Sign in');
    await refusesField(page, 'E-mail', 'Enter your e-mail address.');
    await refusesField(page, 'Password', 'Enter a password.');
  });

  test('a session ends with the browser', async ({ page }) => {
    await newcomer(page);
    const cookie = await sessionCookie(page);
    expect(cookie).toMatchObject({ expires: -1, httpOnly: true, sameSite: 'Lax', path: '/' });
  });

  test('a remembered session outlives the browser', async ({ page }) => {
    const email = newAddress();
    await signUp(page, email);
    await arrives(page, '/sign-in');
    await field(page, 'Keep me signed in').check();
    await enterPair(page, email);
    await arrives(page, '/dashboard');

    const days = ((await sessionCookie(page))!.expires - Date.now() / 1000) / DAY;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
  });

  test('a guarded page asks to sign in and is where one lands', async ({ page }) => {
    const email = newAddress();
    await signUp(page, email);
    await arrives(page, '/sign-in');

    const answer = await page.request.get('/dashboard/sessions', { maxRedirects: 0 });
    expect(answer.status()).toBe(303);
    expect(answer.headers()['location']).toBe('/sign-in?next=/dashboard/sessions');

    await open(page, '/dashboard/sessions');
    await arrives(page, '/sign-in?next=/dashboard/sessions');
    await enterPair(page, email, 'not the password');
    await refuses(page, "That e-mail and password don't match.");
    await enterPair(page, email);
    await arrives(page, '/dashboard/sessions');
  });

  for (const next of ['//evil.example', 'https://evil.example/dashboard', '/\\evil.example']) {
    test(`next=${next} leads nowhere else`, async ({ page }) => {
      const email = newAddress();
      await signUp(page, email);
      await arrives(page, '/sign-in');
      await open(page, `/sign-in?next=${encodeURIComponent(next)}`);
      await enterPair(page, email);
      await arrives(page, '/dashboard');
    });
  }

  test('a cookie that nobody was given is no session', async ({ page, baseURL }) => {
    await page.context().addCookies([{ name: 'portcullis', value: 'garbage', url: baseURL }]);
    await open(page, '/dashboard');
    await arrives(page, '/sign-in?next=/dashboard');
    await newcomer(page);
  });

  test('signing out ends the session for every copy of its cookie', async ({ page }) => {
    await newcomer(page);
    const cookie = (await sessionCookie(page))!;
    await signOut(page);
    expect(await sessionCookie(page)).toBeUndefined();
    expect(await isSignedIn(page)).toBe(false);

    await page.context().addCookies([cookie]);
    expect(await isSignedIn(page)).toBe(false);
    await open(page, '/dashboard');
    await arrives(page, '/sign-in?next=/dashboard');
  });

  test('signing in replaces the session that was there', async ({ page }) => {
    const email = await newcomer(page);
    const before = (await sessionCookie(page))!;
    await signOut(page);
    await signIn(page, email);
    expect((await sessionCookie(page))!.value).not.toBe(before.value);
  });
});
