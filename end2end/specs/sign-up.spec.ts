import {
  PASSWORD,
  arrives,
  enterPair,
  field,
  isSignedIn,
  newAddress,
  open,
  press,
  refuses,
  refusesField,
  says,
  signUp,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const RECEIVED = 'If that address is new here, your account is ready.';

bothWays(() => {
  test('a newcomer signs up and can sign in', async ({ page }) => {
    const email = newAddress();
    await open(page, '/');
    await page.getByRole('main').getByRole('link', { name: 'Create an account' }).click();
    await arrives(page, '/sign-up');
    await field(page, 'E-mail').fill(email);
    await field(page, 'Password').fill(PASSWORD);
    await press(page, 'Create account');
    await arrives(page, '/sign-in');
    await says(page, RECEIVED);
    expect(await isSignedIn(page)).toBe(false);

    await enterPair(page, email);
    await arrives(page, '/dashboard');
  });

  test('a taken address gets the same answer and keeps its password', async ({ page }) => {
    const email = newAddress();
    await signUp(page, email);
    await arrives(page, '/sign-in');

    await signUp(page, email.toUpperCase(), 'somebody else chose this');
    await arrives(page, '/sign-in');
    await says(page, RECEIVED);

    await enterPair(page, email, 'somebody else chose this');
    await refuses(page, "That e-mail and password don't match.");
    await enterPair(page, email);
    await arrives(page, '/dashboard');
  });

  test('a short password is refused at its field, and fifteen characters are enough', async ({ page }) => {
    const email = newAddress();
    await signUp(page, email, 'fourteen chars');
    await refusesField(page, 'Password', 'Use 15 characters or more.');
    await arrives(page, '/sign-up');
    await expect(field(page, 'E-mail')).toHaveValue(email);

    await field(page, 'Password').fill('fifteen letters');
    await press(page, 'Create account');
    await arrives(page, '/sign-in');
    await says(page, RECEIVED);
  });

  test('a malformed address is refused at its field and kept as it was typed', async ({ page }) => {
    await signUp(page, 'ada@example');
    await refusesField(page, 'E-mail', 'Enter an address like ada@example.com.');
    await expect(field(page, 'E-mail')).toHaveValue('ada@example');
    await expect(field(page, 'Password')).not.toHaveAttribute('aria-invalid', 'true');
  });

  test('an empty form names both fields', async ({ page }) => {
    await signUp(page, '', '');
    await refusesField(page, 'E-mail', 'Enter your e-mail address.');
    await refusesField(page, 'Password', 'Enter a password.');
  });
});

test('a meter says how a password stands against guessing, and decides nothing', async ({ page }) => {
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
  const email = newAddress();
  await signUp(page, email, 'abababababababab');
  await arrives(page, '/sign-in');
  await says(page, 'This password could be guessed, though: a few more words would make it stronger.');
  await enterPair(page, email, 'abababababababab');
  await arrives(page, '/dashboard');
});
