import { test } from '@playwright/test';

import { run } from './postgres.ts';

test('PostgreSQL answers', async () => {
  await run('SELECT 1');
});
