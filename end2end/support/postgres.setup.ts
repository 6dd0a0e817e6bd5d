import { test } from '@playwright/test';

import { run } from './postgres.ts';

test('the PostgreSQL server for tests is reachable', async () => {
  await run('SELECT 1');
});
