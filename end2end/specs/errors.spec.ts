import { isSignedIn, newcomer, open, postFromElsewhere, ready } from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

bothWays(() => {
  test('an unknown address has a page that names the request', async ({ page }) => {
    for (const path of ['/nowhere', '/dashboardx', '/sign-in/nowhere']) {
      const answer = await page.goto(path);
      await ready(page);
      expect(answer!.status()).toBe(404);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing is here');
      const id = answer!.headers()['x-request-id'];
      expect(id).toMatch(/^[0-9a-f]{16}$/);
      await expect(page.getByText(id!)).toBeVisible();
    }
  });

  test('the way back from there works', async ({ page }) => {
    await open(page, '/nowhere');
    await page.getByRole('link').filter({ visible: true }).last().click();
    await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Nothing is here');
    await ready(page);
  });

  test('a form from another site is refused and does nothing', async ({ page, idp, baseURL }) => {
    await newcomer(page);
    await postFromElsewhere(page, `${idp.issuer}/.well-known/openid-configuration`, `${baseURL}/api/sign-out`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not allowed');
    await expect(page.getByText('This request came from another site, so nothing was done.')).toBeVisible();
    await expect(page.locator('code')).toHaveText(/^[0-9a-f]{16}$/);
    expect(await isSignedIn(page)).toBe(true);
  });
});
