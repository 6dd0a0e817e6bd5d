import { isSignedIn, newUserOnDashboard, open, postFromAnotherSite, ready } from '../support/steps.ts';
import { bothWays, expect, test } from '../support/test.ts';

bothWays(() => {
  test('an unknown URL returns 404 and a page with the request id', async ({ page }) => {
    for (const path of ['/nowhere', '/dashboardx', '/sign-in/nowhere']) {
      const answer = await page.goto(path);
      await ready(page);
      expect(answer!.status()).toBe(404);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page not found');
      const id = answer!.headers()['x-request-id'];
      expect(id).toMatch(/^[0-9a-f]{16}$/);
      await expect(page.getByText(id!)).toBeVisible();
    }
  });

  test('the not-found page links to a page that exists', async ({ page }) => {
    await open(page, '/nowhere');
    await page.getByRole('link').filter({ visible: true }).last().click();
    await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Page not found');
    await ready(page);
  });

  test('a form posted from another site is refused and changes nothing', async ({ page, idp, baseURL }) => {
    await newUserOnDashboard(page);
    await postFromAnotherSite(page, `${idp.issuer}/.well-known/openid-configuration`, `${baseURL}/api/sign-out`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not allowed');
    await expect(page.getByText('This request came from another site, so nothing was changed.')).toBeVisible();
    await expect(page.locator('code')).toHaveText(/^[0-9a-f]{16}$/);
    expect(await isSignedIn(page)).toBe(true);
  });
});
