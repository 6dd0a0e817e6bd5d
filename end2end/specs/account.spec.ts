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
    await expect(page.getByRole('complementary', { name: 'Email not verified' })).toContainText(email);
    const verification = await mailbox.next('Verify your email address');
    await open(page, verification.links[0]!);
    await expect(page).toHaveURL('/ticket');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Verify your email address');
    await press(page, 'Verify email address');
    await arrives(page, '/dashboard');
    await says(page, 'Your email address is verified.');
    await expect(page.getByRole('complementary', { name: 'Email not verified' })).toHaveCount(0);
    await open(page, verification.links[0]!);
    await expect(page.getByRole('main')).toContainText('There is nothing left to do.');

    // Reset a lost password.
    await open(page, '/dashboard');
    await signOut(page);
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await arrives(page, '/recovery');
    await field(page, 'Email').fill(email);
    await press(page, 'Send link');
    await says(page, 'If that email address has an account, we sent a link to it.');
    const recovery = await mailbox.next('Reset your password');
    await open(page, recovery.links[0]!);
    await expect(page).toHaveURL('/ticket');
    await field(page, 'New password').fill('portcullis portcullis');
    await press(page, 'Reset password');
    await expect(field(page, 'New password')).toHaveAccessibleDescription(/made of your email address, your name or words of this site/);
    await field(page, 'New password').fill(NEW_PASSWORD);
    await press(page, 'Reset password');
    await arrives(page, '/sign-in');
    await says(page, 'Your password was reset and all sessions were ended.');
    await submitSignIn(page, email);
    await refuses(page, "That email and password don't match.");
    await submitSignIn(page, email, NEW_PASSWORD);
    await arrives(page, '/dashboard');
    await mailbox.next('Your password was changed');

    // Change the email address.
    const next = newEmail();
    await open(page, '/dashboard/profile');
    await field(page, 'New email address').fill(next);
    await press(page, 'Change email address');
    await says(page, 'We sent a link to the new email address.');
    const change = await new Mailbox(portcullis.mails, next).next('Verify your new email address');
    await open(page, change.links[0]!);
    await press(page, 'Verify email address');
    await arrives(page, '/dashboard/profile');
    await says(page, 'Email address changed.');
    await expect(page.getByRole('main')).toContainText(next);
    const told = await mailbox.next('Your email address was changed');
    expect(told.text).toContain(next);

    // Read the activity.
    await open(page, '/dashboard/activity');
    const events = ['Email address changed', /^Password reset(?! requested)/, 'Email address verified', 'Sign-in refused', 'Signed up'];
    for (const what of events) {
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
    await says(page, 'Account deletion cancelled.');
  });

  test('reporting an unknown sign-in ends all sessions and locks the password', async ({
    page,
    anotherBrowser,
    portcullis,
  }) => {
    const email = await newUserOnDashboard(page);
    const thief = await anotherBrowser();
    await signIn(thief, email);
    const notice = await new Mailbox(portcullis.mails, email).next('New sign-in to your account');
    const owner = await anotherBrowser();
    await open(owner, notice.links.at(-1)!);
    await expect(owner.getByRole('heading', { level: 1 })).toHaveText('Secure your account');
    expect(await isSignedIn(thief)).toBe(true);
    await press(owner, 'Secure account');
    await arrives(owner, '/sign-in');
    await says(owner, 'All sessions were ended and your password was locked.');
    expect(await isSignedIn(thief)).toBe(false);
    await submitSignIn(owner, email);
    await refuses(owner, 'Password sign-in is locked for this email address.');
  });

  test('a mailed code or link signs in the browser that requested it; another cannot use the link', async ({
    page,
    anotherBrowser,
    portcullis,
  }) => {
    const email = await newUserOnDashboard(page);
    const mailbox = new Mailbox(portcullis.mails, email);
    await open(page, (await mailbox.next('Verify your email address')).links[0]!);
    await press(page, 'Verify email address');
    await arrives(page, '/dashboard');
    await signOut(page);

    await open(page, '/sign-in?next=/dashboard/sessions');
    await page.getByRole('link', { name: 'Sign in by email' }).click();
    await arrives(page, '/sign-in-by-mail?next=/dashboard/sessions');
    await field(page, 'Email').fill(email);
    await press(page, 'Send code');
    await arrives(page, '/sign-in-code');
    await says(page, 'If that email address has an account, we sent a code and a link to it.');
    const [mail, code] = await mailbox.code();
    await field(page, 'Code').fill('12345');
    await press(page, 'Sign in');
    await refusesField(page, 'Code', 'Enter the six digits from the email.');

    // A stranger who has the mail, in another browser.
    const stranger = await anotherBrowser();
    await open(stranger, mail.links[0]!);
    await expect(stranger.getByRole('main')).toContainText('This link works only in the browser that requested it.');

    await field(page, 'Code').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
    await press(page, 'Sign in');
    await arrives(page, '/dashboard/sessions');
    await signOut(page);

    await open(page, '/sign-in-by-mail');
    await field(page, 'Email').fill(email);
    await press(page, 'Send code');
    await arrives(page, '/sign-in-code');
    await mailbox.code(1);
    await press(page, 'Send a new code');
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
    await page.getByRole('link', { name: 'Reset your password' }).click();
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
      const refusal = thief.getByText(/That email and password don't match\.|Too many attempts\./);
      await expect(refusal).toBeVisible();
      await ready(thief);
      if (await thief.getByText('Too many attempts. Try again in').isVisible()) return;
      await field(thief, 'Password').waitFor();
    }
    throw new Error('nobody had to wait');
  });
});
