import { type BrowserContext, type Page, expect, test as base } from '@playwright/test';

import { Faults } from './faults.ts';
import { CLIENT_ID, CLIENT_SECRET, startIdp } from './idp.mjs';
import { freePort } from './net.mjs';
import { startForge } from './oauth2.mjs';
import { type Portcullis, type Settings, startPortcullis } from './portcullis.ts';
import { createDatabase } from './postgres.ts';
import { leave, markScriptless } from './steps.ts';

export { expect };

export type Idp = Awaited<ReturnType<typeof startIdp>>;
export type Forge = Awaited<ReturnType<typeof startForge>>;

/** A site and the providers that know it. */
type Site = { portcullis: Portcullis; idp: Idp; forge: Forge };

export type Options = {
  engine: 'sqlite' | 'postgres';
  /** Tests with another name here have a site of their own, unused before. */
  siteOf: string;
};

type WorkerFixtures = Options & {
  /** Shared by the tests of one worker, which run one after another. */
  site: Site;
};

type Fixtures = Site & {
  /** Faults in the browser; checked after each test. */
  faults: Faults;
  /** Starts a site of this test's own, on the same engine. It stops after the test. */
  startSite: (settings: Settings, port?: number) => Promise<Portcullis>;
  /** Opens a page in a browser that shares nothing with the first. */
  anotherBrowser: () => Promise<Page>;
  /** Checks that the log holds no server error; attaches the log if a test fails. */
  cleanLog: void;
};

export const test = base.extend<Fixtures, WorkerFixtures>({
  engine: ['sqlite', { option: true, scope: 'worker' }],
  siteOf: ['all', { option: true, scope: 'worker' }],

  site: [
    async ({ engine, siteOf: _ }, use) => {
      const port = await freePort();
      const callback = (name: string) => `http://localhost:${port}/social/${name}/callback`;
      const idp = await startIdp({ redirectUri: callback('oidc') });
      const forge = await startForge({ redirectUri: callback('forge') });
      const { portcullis, stop } = await startOn(engine, port, providerSettings(idp.issuer, forge));
      await use({ portcullis, idp, forge });
      await stop();
      await forge.stop();
      await idp.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  startSite: async ({ engine, page }, use) => {
    const stops: (() => Promise<void>)[] = [];
    await use(async (settings, port) => {
      const { portcullis, stop } = await startOn(engine, port ?? (await freePort()), settings);
      stops.push(stop);
      return portcullis;
    });
    await leave(page);
    for (const stop of stops) await stop();
  },

  portcullis: ({ site }, use) => use(site.portcullis),
  idp: ({ site }, use) => use(site.idp),
  forge: async ({ site }, use) => {
    await use(site.forge);
    site.forge.broken.clear();
  },
  baseURL: ({ site }, use) => use(site.portcullis.url),

  faults: async ({ site }, use) => {
    const faults = new Faults([site.idp.issuer, site.forge.url]);
    await use(faults);
    expect(faults.all, 'faults in the browser').toEqual([]);
  },

  context: async ({ context, faults, javaScriptEnabled }, use) => {
    prepare(context, faults, javaScriptEnabled);
    await use(context);
    faults.end();
  },

  anotherBrowser: async ({ browser, baseURL, faults, javaScriptEnabled, contextOptions }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ ...contextOptions, baseURL, javaScriptEnabled });
      contexts.push(context);
      prepare(context, faults, javaScriptEnabled);
      return context.newPage();
    });
    faults.end();
    for (const context of contexts) await context.close();
  },

  cleanLog: [
    async ({ site }, use, info) => {
      const before = site.portcullis.log().length;
      await use();
      const log = site.portcullis.log().slice(before);
      if (info.status !== info.expectedStatus) await info.attach('portcullis.log', { body: log });
      expect(log).not.toMatch(/^\S+ +ERROR |panicked at/m);
    },
    { auto: true },
  ],
});

/** Starts a server on an empty database of this engine. */
async function startOn(
  engine: Options['engine'],
  port: number,
  settings: Settings,
): Promise<{ portcullis: Portcullis; stop: () => Promise<void> }> {
  const database = engine === 'postgres' ? await createDatabase() : undefined;
  const portcullis = await startPortcullis(port, {
    ...settings,
    ...(database && { PORTCULLIS_DATABASE__URL: database.url }),
  });
  const stop = async () => {
    await portcullis.stop();
    await database?.drop();
  };
  return { portcullis, stop };
}

/** Returns all that Portcullis must know about the two providers. */
export function providerSettings(issuer: string, forge: Forge): Settings {
  return {
    PORTCULLIS_SOCIAL__OIDC__LABEL: 'Test OIDC',
    PORTCULLIS_SOCIAL__OIDC__ISSUER: issuer,
    PORTCULLIS_SOCIAL__OIDC__CLIENT_ID: CLIENT_ID,
    PORTCULLIS_SOCIAL__OIDC__CLIENT_SECRET: CLIENT_SECRET,
    PORTCULLIS_SOCIAL__OIDC__EMAIL: 'verified-claim',
    PORTCULLIS_SOCIAL__FORGE__LABEL: 'Forge',
    PORTCULLIS_SOCIAL__FORGE__PRESET: 'github',
    PORTCULLIS_SOCIAL__FORGE__AUTHORIZE_URL: forge.authorizeUrl,
    PORTCULLIS_SOCIAL__FORGE__TOKEN_URL: forge.tokenUrl,
    PORTCULLIS_SOCIAL__FORGE__USERINFO_URL: forge.userinfoUrl,
    PORTCULLIS_SOCIAL__FORGE__EMAILS_URL: forge.emailsUrl,
    PORTCULLIS_SOCIAL__FORGE__CLIENT_ID: CLIENT_ID,
    PORTCULLIS_SOCIAL__FORGE__CLIENT_SECRET: CLIENT_SECRET,
  };
}

function prepare(context: BrowserContext, faults: Faults, javaScriptEnabled?: boolean): void {
  faults.watch(context);
  if (javaScriptEnabled === false) {
    markScriptless(context);
    // With scripts disabled Chromium loads none, and gives this as the reason.
    faults.tolerate(/^request failed: \S+\/pkg\/\S+\.js csp$/);
    faults.tolerate(/^console warning: The resource \S+\.wasm was preloaded using link preload but not used /);
  }
}

/** Defines tests twice: for browsers with scripts and for those without. */
export function bothWays(define: () => void): void {
  for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? 'with scripts' : 'without scripts', () => {
      test.use({ javaScriptEnabled });
      define();
    });
  }
}
