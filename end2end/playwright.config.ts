import { defineConfig } from '@playwright/test';

import type { Options } from './support/test.ts';

/** User flows; the other specs don't depend on the database. */
const FLOWS =
  /(sign-up|sign-in|social|sessions|account|profiles?|security|second-factor|passkey|dashboard|administration(-scriptless)?)\.spec\.ts$/;

/** Turns off Chromium's own requests, which would only time out without internet access. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const postgres = process.env.PORTCULLIS_SKIP_POSTGRES === '1' ? [] : [
  // Fails once and says why, not once for every test.
  { name: 'postgres is there', testDir: 'support', testMatch: 'postgres.setup.ts' },
  {
    name: 'postgres',
    testMatch: FLOWS,
    dependencies: ['postgres is there'],
    use: { engine: 'postgres' as const },
  },
];

export default defineConfig<object, Options>({
  testDir: 'specs',
  outputDir: 'test-results',
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  workers: 2,
  retries: 0,
  reporter: 'list',
  timeout: 30_000,
  expect: { timeout: 7_000 },
  use: {
    browserName: 'chromium',
    launchOptions: {
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: ARGUMENTS,
    },
    screenshot: 'only-on-failure',
    // A colour measured during a transition would be wrong.
    contextOptions: { reducedMotion: 'reduce' },
  },
  projects: [{ name: 'sqlite', use: { engine: 'sqlite' as const } }, ...postgres],
});
