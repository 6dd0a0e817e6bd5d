import { field, newUser, newUserOnDashboard, open, press, refusesField, says } from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

bothWays(() => {
  test('a display name is saved as typed and shown as text', async ({ page }) => {
    const name = 'Ada <b>Lovelace</b> & "Co" 🗝';
    await newUser(page);
    await open(page, '/dashboard/profile');
    await field(page, 'Display name').fill(name);
    await press(page, 'Save name');
    await says(page, 'Name saved.');
    await expect(field(page, 'Display name')).toHaveValue(name);

    await open(page, '/dashboard');
    await expect(page.locator('body')).toContainText(name);
    await open(page, '/dashboard/profile');
    await expect(field(page, 'Display name')).toHaveValue(name);
  });

  test('a display name of more than 80 characters is refused at its field, which keeps it', async ({ page }) => {
    await newUser(page);
    await open(page, '/dashboard/profile');
    await field(page, 'Display name').fill('é'.repeat(81));
    await press(page, 'Save name');
    await refusesField(page, 'Display name', 'Use 80 characters or fewer.');
    await expect(field(page, 'Display name')).toHaveValue('é'.repeat(81));

    await field(page, 'Display name').fill('é'.repeat(80));
    await press(page, 'Save name');
    await says(page, 'Name saved.');
    await expect(field(page, 'Display name')).not.toHaveAttribute('aria-invalid', 'true');
  });

  test('a display name with a text direction override is refused', async ({ page }) => {
    await newUser(page);
    await open(page, '/dashboard/profile');
    await field(page, 'Display name').fill('Ada \u202Eecalevol');
    await press(page, 'Save name');
    await refusesField(page, 'Display name', 'Remove line breaks and invisible characters.');
  });

  test('the appearance is saved for this browser only, signed in or not', async ({ page, anotherBrowser }) => {
    await newUserOnDashboard(page);
    const html = page.locator('html');
    await open(page, '/dashboard/profile');
    const choices = page.getByRole('group', { name: 'Appearance' }).or(page.getByRole('radiogroup', { name: 'Appearance' }));
    await expect(choices.getByRole('radio')).toHaveCount(3);
    await expect(choices.getByLabel('System')).toBeChecked();

    for (const [label, word] of [['Dark', 'dark'], ['Light', 'light'], ['Dark', 'dark']] as const) {
      await choices.getByLabel(label).check();
      await press(page, 'Save appearance');
      await says(page, 'Appearance saved.');
      await expect(html).toHaveAttribute('data-appearance', word);
    }
    await open(page, '/dashboard/profile');
    await expect(choices.getByLabel('Dark')).toBeChecked();
    await page.context().clearCookies({ name: 'portcullis' });
    await open(page, '/sign-in');
    await expect(html).toHaveAttribute('data-appearance', 'dark');

    const other = await anotherBrowser();
    await open(other, '/sign-in');
    await expect(other.locator('html')).toHaveAttribute('data-appearance', 'system');
  });
});
