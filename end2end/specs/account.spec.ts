import { Mailbox } from '../support/mailbox.ts';
import {
  arrives,
  confirm,
  field,
  isSignedIn,
  newEmail,
  newUserOnDashboard,
  open,
  press,
  ready,
  refuses,
  refusesField,
  says,
  signIn,
  signOut,
  submitSignIn,
} from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

const NEW_PASSWORD = 'four other words this time';

bothWays(() => {
  test('a user verifies and changes an email, resets a password, exports data and cancels an account deletion', async ({
    page,
    portcullis,
  }) => {
    test.slow();
    const email = await newUserOnDashboard(page);
    const mailbox = new Mailbox(portcullis.mails, email);

    // Verify the email address.
    await expect(page.getByRole('complementary', { name: 'E-mail address' })).toContainText(email);
    const verification = await mailbox.next('Confirm your e-mail address');
    await open(page, verification.links[0]!);
    await expect(page).toHaveURL('/ticket');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirm your address');
    await press(page, 'Confirm address');
    await arrives(page, '/dashboard');
    await says(page, 'Your address is confirmed.');
    await expect(page.getByRole('complementary', { name: 'E-mail address' })).toHaveCount(0);
    await open(page, verification.links[0]!);
    await expect(page.getByRole('main')).toContainText('Your address is confirmed.');

    // Reset a lost password.
    await open(page, '/dashboard');
    await signOut(page);
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await arrives(page, '/recovery');
    await field(page, 'E-mail').fill(email);
    await press(page, 'Send the link');
    await says(page, 'If that address has an account, a link is on its way to it.');
    const recovery = await mailbox.next('Choose a new password');
    await open(page, recovery.links[0]!);
    await expect(page).toHaveURL('/ticket');
    await field(page, 'New password').fill('portcullis portcullis');
    await press(page, 'Save password');
    await expect(field(page, 'New password')).toHaveAccessibleDescription(/This is your address, your name or this site's\./);
    await field(page, 'New password').fill(NEW_PASSWORD);
    await press(page, 'Save password');
    await arrives(page, '/sign-in');
    await says(page, 'Your password is changed and all sessions are ended.');
    await submitSignIn(page, email);
    await refuses(page, "That e-mail and password don't match.");
    await submitSignIn(page, email, NEW_PASSWORD);
    await arrives(page, '/dashboard');
    await mailbox.next('Your password was changed');

    // Change the email address.
    const next = newEmail();
    await open(page, '/dashboard/profile');
    await field(page, 'New e-mail address').fill(next);
    await press(page, 'Change address');
    await says(page, 'A link is on its way to the new address.');
    const change = await new Mailbox(portcullis.mails, next).next('Confirm your new e-mail address');
    await open(page, change.links[0]!);
    await press(page, 'Confirm address');
    await arrives(page, '/dashboard/profile');
    await says(page, 'Your address is changed.');
    await expect(page.getByRole('main')).toContainText(next);
    const told = await mailbox.next('Your e-mail address was changed');
    expect(told.text).toContain(next);

    // Read the activity.
    await open(page, '/dashboard/activity');
    for (const what of ['Changed the e-mail address', 'Chose a new password by mail', 'Confirmed the e-mail address', 'Sign-in refused', 'Signed up']) {
      await expect(page.getByRole('listitem').filter({ hasText: what })).toBeVisible();
    }

    // Export the data.
    await open(page, '/dashboard/profile');
    const downloading = page.waitForEvent('download');
    await press(page, 'Export data');
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('account.json');

    // Delete the account, then cancel the deletion.
    await confirm(page, 'Delete account');
    await arrives(page, '/sign-in');
    await says(page, 'Your account will be deleted');
    expect(await isSignedIn(page)).toBe(false);
    await submitSignIn(page, next, NEW_PASSWORD);
    await arrives(page, '/dashboard');
    await says(page, 'Your account is kept.');
  });

  test('reporting an unknown sign-in ends all sessions and locks the password', async ({
    page,
    anotherBrowser,
    portcullis,
  }) => {
    const email = await newUserOnDashboard(page);
    const thief = await anotherBrowser();
    await signIn(thief, email);
    const notice = await new Mailbox(portcullis.mails, email).next('A new sign-in to your account');
    const owner = await anotherBrowser();
    await open(owner, notice.links.at(-1)!);
    await expect(owner.getByRole('heading', { level: 1 })).toHaveText('Was this not you?');
    expect(await isSignedIn(thief)).toBe(true);
    await press(owner, 'This was not me');
    await arrives(owner, '/sign-in');
    await says(owner, 'All sessions are ended and the password is locked.');
    expect(await isSignedIn(thief)).toBe(false);
    await submitSignIn(owner, email);
    await refuses(owner, 'Signing in with a password is locked for this address.');
  });

  test('a mailed code or link signs in the browser that requested it; another cannot use the link', async ({
    page,
    anotherBrowser,
    portcullis,
  }) => {
    const email = await newUserOnDashboard(page);
    const mailbox = new Mailbox(portcullis.mails, email);
    await open(page, (await mailbox.next('Confirm your e-mail address')).links[0]!);
    await press(page, 'Confirm address');
    await arrives(page, '/dashboard');
    await signOut(page);

    await open(page, '/sign-in?next=/dashboard/sessions');
    await page.getByRole('link', { name: 'Sign in by e-mail' }).click();
    await arrives(page, '/sign-in-by-mail?next=/dashboard/sessions');
    await field(page, 'E-mail').fill(email);
    await press(page, 'Send the code');
    await arrives(page, '/sign-in-code');
    await says(page, 'If that address has an account, a code and a link are on their way to it.');
    const [mail, code] = await mailbox.code();
    await field(page, 'Code').fill('12345');
    await press(page, 'Sign in');
    await refusesField(page, 'Code', 'Enter the six digits of the mail.');

    // A stranger who has the mail, in another browser.
    const stranger = await anotherBrowser();
    await open(stranger, mail.links[0]!);
    await expect(stranger.getByRole('main')).toContainText('This link works in the browser that asked for it.');

    await field(page, 'Code').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
    await press(page, 'Sign in');
    await arrives(page, '/dashboard/sessions');
    await signOut(page);

    await open(page, '/sign-in-by-mail');
    await field(page, 'E-mail').fill(email);
    await press(page, 'Send the code');
    await arrives(page, '/sign-in-code');
    await mailbox.code(1);
    await press(page, 'Send another code');
    const [last] = await mailbox.code(2);
    await open(page, last.links[0]!);
    await expect(page).toHaveURL('/ticket');
    await expect(page.getByRole('main')).toContainText(email);
    await press(page, 'Sign in');
    await arrives(page, '/dashboard');
  });

  test('an invalid ticket link says so and leads to password recovery', async ({ page }) => {
    await open(page, `/tickets/${'A'.repeat(43)}`);
    await expect(page).toHaveURL('/ticket');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link no longer works');
    await page.getByRole('link', { name: 'Ask for a new password' }).click();
    await arrives(page, '/recovery');
  });

  test('repeated wrong passwords lock sign-in, and the page says when to try again', async ({ page, anotherBrowser }) => {
    const email = await newUserOnDashboard(page);
    const thief = await anotherBrowser();
    await open(thief, '/sign-in');
    for (let n = 0; n < 8; n++) {
      const answered = thief.waitForResponse((it) => it.url().endsWith('/api/sign-in/password'));
      await submitSignIn(thief, email, `not the password ${n}`);
      await answered;
      const refusal = thief.getByText(/That e-mail and password don't match\.|Too many attempts\./);
      await expect(refusal).toBeVisible();
      await ready(thief);
      if (await thief.getByText('Too many attempts. Try again in').isVisible()) return;
      await field(thief, 'Password').waitFor();
    }
    throw new Error('nobody had to wait');
  });
});
