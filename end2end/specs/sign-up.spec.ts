import {
  PASSWORD,
  arrives,
  field,
  isSignedIn,
  newEmail,
  open,
  press,
  refuses,
  refusesField,
  says,
  signUp,
  submitSignIn,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const RECEIVED = 'If that email address is new here, your account is ready.';

bothWays(() => {
  test('a visitor signs up and can then sign in', async ({ page }) => {
    const email = newEmail();
    await open(page, '/');
    await page.getByRole('main').getByRole('link', { name: 'Create an account' }).click();
    await arrives(page, '/sign-up');
    await field(page, 'Email').fill(email);
    await field(page, 'Password').fill(PASSWORD);
    await press(page, 'Create account');
    await arrives(page, '/sign-in');
    await says(page, RECEIVED);
    expect(await isSignedIn(page)).toBe(false);

    await submitSignIn(page, email);
    await arrives(page, '/dashboard');
  });

  test('signing up with a taken email shows the same notice and does not change its password', async ({ page }) => {
    const email = newEmail();
    await signUp(page, email);
    await arrives(page, '/sign-in');

    await signUp(page, email.toUpperCase(), 'somebody else chose this');
    await arrives(page, '/sign-in');
    await says(page, RECEIVED);

    await submitSignIn(page, email, 'somebody else chose this');
    await refuses(page, "That email and password don't match.");
    await submitSignIn(page, email);
    await arrives(page, '/dashboard');
  });

  test('a password of 14 characters is refused at its field, and one of 15 is accepted', async ({ page }) => {
    const email = newEmail();
    await signUp(page, email, 'fourteen chars');
    await refusesField(page, 'Password', 'Use 15 characters or more.');
    await arrives(page, '/sign-up');
    await expect(field(page, 'Email')).toHaveValue(email);

    await field(page, 'Password').fill('fifteen letters');
    await press(page, 'Create account');
    await arrives(page, '/sign-in');
    await says(page, RECEIVED);
  });

  test('a malformed email is refused at its field, which keeps it as typed', async ({ page }) => {
    await signUp(page, 'ada@example');
    await refusesField(page, 'Email', 'Enter an email address like ada@example.com.');
    await expect(field(page, 'Email')).toHaveValue('ada@example');
    await expect(field(page, 'Password')).not.toHaveAttribute('aria-invalid', 'true');
  });

  test('an empty form shows an error at both fields', async ({ page }) => {
    await signUp(page, '', '');
    await refusesField(page, 'Email', 'Enter your email address.');
    await refusesField(page, 'Password', 'Enter a password.');
  });
});

test('the password strength meter loads on demand and does not refuse a weak password', async ({ page }) => {
  const parts: string[] = [];
  page.on('request', (it) => {
    if (it.url().includes('measure')) parts.push(it.url());
  });
  await open(page, '/sign-up');
  expect(parts, 'nobody loads it who does not choose').toEqual([]);
  const meter = page.getByRole('status').filter({ hasText: 'Strength' });
  await expect(meter).toHaveCount(0);
  await field(page, 'Password').fill('aaaaaaaaaaaaaaaaa');
  await expect(meter).toHaveText('Strength: weak');
  expect(parts).toHaveLength(1);
  await field(page, 'Password').fill('correct horse battery staple');
  await expect(meter).toHaveText('Strength: strong');
  await field(page, 'Password').fill('');
  await expect(meter).toHaveCount(0);
  const email = newEmail();
  await signUp(page, email, 'abababababababab');
  await arrives(page, '/sign-in');
  await says(page, 'This password is easy to guess. Add a few words to make it stronger.');
  await submitSignIn(page, email, 'abababababababab');
  await arrives(page, '/dashboard');
});
