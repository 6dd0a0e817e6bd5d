import {
  PASSWORD,
  arrives,
  field,
  isSignedIn,
  newUser,
  newUserOnDashboard,
  open,
  press,
  refuses,
  refusesField,
  says,
  sessionCookie,
  signIn,
  signOut,
  startSession,
  submitSignIn,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const NEW_PASSWORD = 'another few words here';

bothWays(() => {
  test('a changed password signs out every other browser', async ({ page, anotherBrowser }) => {
    const email = await newUserOnDashboard(page);
    const other = await anotherBrowser();
    await signIn(other, email);
    const before = (await sessionCookie(page))!;

    await open(page, '/dashboard/security');
    await field(page, 'Current password').fill(PASSWORD);
    await field(page, 'New password').fill(NEW_PASSWORD);
    await press(page, 'Change password');
    await says(page, 'Password changed. All other sessions were ended.');
    await expect(field(page, 'Current password')).toHaveValue('');
    await expect(field(page, 'New password')).toHaveValue('');

    expect((await sessionCookie(page))!.value).not.toBe(before.value);
    expect(await isSignedIn(page)).toBe(true);
    expect(await isSignedIn(other)).toBe(false);
    await open(other, '/dashboard/security');
    await arrives(other, '/sign-in?next=/dashboard/security');

    await signOut(page);
    await submitSignIn(page, email);
    await refuses(page, "That email and password don't match.");
    await submitSignIn(page, email, NEW_PASSWORD);
    await arrives(page, '/dashboard');
  });

  test('a wrong current password is refused at its field and changes nothing', async ({ page, anotherBrowser }) => {
    const email = await newUser(page);
    await open(page, '/dashboard/security');
    await field(page, 'Current password').fill('not the password');
    await field(page, 'New password').fill(NEW_PASSWORD);
    await press(page, 'Change password');
    await refusesField(page, 'Current password', 'This is not your current password.');
    await expect(field(page, 'New password')).not.toHaveAttribute('aria-invalid', 'true');

    await startSession(await anotherBrowser(), email);
  });

  test('an empty form shows an error at both fields', async ({ page }) => {
    await newUser(page);
    await open(page, '/dashboard/security');
    await press(page, 'Change password');
    await refusesField(page, 'Current password', 'Enter a password.');
    await refusesField(page, 'New password', 'Enter a password.');
  });

  test('a missing current password and a short new password are each refused at their field', async ({ page }) => {
    await newUser(page);
    await open(page, '/dashboard/security');
    await field(page, 'New password').fill(NEW_PASSWORD);
    await press(page, 'Change password');
    await refusesField(page, 'Current password', 'Enter a password.');

    await field(page, 'Current password').fill(PASSWORD);
    await field(page, 'New password').fill('fourteen chars');
    await press(page, 'Change password');
    await refusesField(page, 'New password', 'Use 15 characters or more.');
  });
});
