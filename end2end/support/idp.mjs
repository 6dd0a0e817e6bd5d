import { generateKeyPairSync, randomBytes } from 'node:crypto';

import { freePort, switchable } from './net.mjs';

export const CLIENT_ID = 'portcullis';
export const CLIENT_SECRET = 'a-secret-of-the-tests-that-is-long-enough';

/** The authentication context class of a sign-in with two factors. */
export const TWO_FACTORS = 'urn:example:two-factors';

/**
 * Starts a real OpenID Connect provider with its own sign-in and consent pages. Any name may sign in: the
 * name is the subject and, if it is one, the email address, verified unless the name begins with
 * "unverified". For a name that begins with "acr" or "amr", that claim says that two factors were checked.
 *
 * @param {{ redirectUri: string }} options
 */
export async function startIdp({ redirectUri }) {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = await createProvider(issuer, redirectUri);
  const server = switchable(port, provider.callback());
  await server.start();
  return { issuer, ...server };
}

/** @param {string} issuer @param {string} redirectUri */
async function createProvider(issuer, redirectUri) {
  const Provider = await importQuietly();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    // As the specification says: the userinfo endpoint returns a scope's claims.
    conformIdTokenClaims: true,
    acrValues: [TWO_FACTORS],
    claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, login) => ({ accountId: login, claims: () => claimsOf(login) }),
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    // Set, so that nothing about defaults is printed.
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 600,
      Interaction: 600,
      Session: 3600,
    },
    features: { devInteractions: { enabled: true } },
  });
  provider.use(withoutForeignFonts);
  const finish = provider.interactionFinished.bind(provider);
  provider.interactionFinished = (request, response, result, options) => {
    if (result.login?.accountId.startsWith('acr')) result.login.acr = TWO_FACTORS;
    if (result.login?.accountId.startsWith('amr')) result.login.amr = ['pwd', 'hwk'];
    return finish(request, response, result, options);
  };
  return provider;
}

/** @param {string} login */
function claimsOf(login) {
  return {
    sub: login,
    name: login,
    email: login.includes('@') ? login : `${login}@example.test`,
    email_verified: !login.startsWith('unverified'),
  };
}

/** Removes a typeface that the provider's pages load from another host: a test must not wait for it. */
async function withoutForeignFonts(ctx, next) {
  await next();
  if (typeof ctx.body === 'string') ctx.body = ctx.body.replace(/@import url\([^)]*\);/, '');
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' };
}

/** Imports the provider without its warnings about development features, which are wanted here. */
async function importQuietly() {
  const { info, warn } = console;
  const isNotice = (text) => String(text).includes('oidc-provider');
  console.info = (...all) => isNotice(all[0]) || info(...all);
  console.warn = (...all) => isNotice(all[0]) || warn(...all);
  return (await import('oidc-provider')).default;
}
