import { createHash, randomBytes } from 'node:crypto';

import { CLIENT_ID, CLIENT_SECRET } from './idp.mjs';
import { freePort, switchable } from './net.mjs';

/**
 * Starts a plain OAuth 2.0 provider like GitHub: no ID token, one endpoint for the user and another for the
 * user's email addresses.
 *
 * @param {{ redirectUri: string }} options
 */
export async function startForge({ redirectUri }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const requests = new Map();
  const codes = new Map();
  const tokens = new Map();
  const ids = new Map();

  const forge = {
    url,
    authorizeUrl: `${url}/login/oauth/authorize`,
    tokenUrl: `${url}/login/oauth/access_token`,
    userinfoUrl: `${url}/user`,
    emailsUrl: `${url}/user/emails`,
    /** Paths whose connections break off. */
    broken: new Set(),
    account: undefined,
    /**
     * Sets the user who authorises from now on; the same login is the same user.
     *
     * @param {{ login: string, name?: string, emails?: { email: string, primary: boolean, verified: boolean }[] }} user
     */
    setUser({ login, name = login, emails = [] }) {
      if (!ids.has(login)) ids.set(login, 4711 + ids.size);
      forge.account = { user: { id: ids.get(login), login, name, email: null }, emails };
    },
  };

  function authorize(query, response) {
    const wanted = {
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: redirectUri,
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(wanted)) {
      if (query.get(name) !== value) return send(response, 400, `${name} is not ${value}`);
    }
    const [state, challenge] = [query.get('state'), query.get('code_challenge')];
    if (!state || !challenge) return send(response, 400, 'no state or no code_challenge');
    const request = randomBytes(16).toString('hex');
    requests.set(request, { state, challenge });
    const page = `<!doctype html><html lang="en"><title>Forge</title><h1>Authorize Portcullis</h1>
      <form method="post"><input type="hidden" name="request" value="${request}">
      <button name="decision" value="authorize">Authorize</button>
      <button name="decision" value="deny">Deny</button></form>`;
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  }

  function decide(form, response) {
    const request = requests.get(form.get('request'));
    if (!request) return send(response, 400, 'no such request');
    requests.delete(form.get('request'));
    const back = new URL(redirectUri);
    back.searchParams.set('state', request.state);
    if (form.get('decision') === 'authorize') {
      const code = randomBytes(16).toString('hex');
      codes.set(code, { challenge: request.challenge, account: forge.account });
      back.searchParams.set('code', code);
    } else {
      back.searchParams.set('error', 'access_denied');
    }
    response.writeHead(303, { location: back.href }).end();
  }

  function token(request, form, response) {
    const [id, secret] = credentials(request, form);
    if (id !== CLIENT_ID || secret !== CLIENT_SECRET) {
      return json(response, 401, { error: 'invalid_client' });
    }
    if (request.headers.accept !== 'application/json') {
      // GitHub would respond in form encoding.
      return json(response, 406, { error: 'not_acceptable' });
    }
    const code = codes.get(form.get('code'));
    codes.delete(form.get('code'));
    const verifier = form.get('code_verifier') ?? '';
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const fits =
      form.get('grant_type') === 'authorization_code' &&
      form.get('redirect_uri') === redirectUri &&
      code?.challenge === challenge;
    if (!fits) return json(response, 400, { error: 'invalid_grant' });
    const accessToken = randomBytes(16).toString('hex');
    tokens.set(accessToken, code.account);
    json(response, 200, { access_token: accessToken, token_type: 'bearer', scope: 'user:email' });
  }

  function sendUserinfo(request, response, part) {
    const account = tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]);
    if (!account) return json(response, 401, { message: 'Bad credentials' });
    if (!request.headers['user-agent']) return json(response, 403, { message: 'No User-Agent' });
    json(response, 200, account[part]);
  }

  async function handle(request, response) {
    const { pathname, searchParams } = new URL(request.url, url);
    if (forge.broken.has(pathname)) return request.socket.destroy();
    const form = request.method === 'POST' ? await readForm(request) : undefined;
    switch (`${request.method} ${pathname}`) {
      case 'GET /login/oauth/authorize':
        return authorize(searchParams, response);
      case 'POST /login/oauth/authorize':
        return decide(form, response);
      case 'POST /login/oauth/access_token':
        return token(request, form, response);
      case 'GET /user':
        return sendUserinfo(request, response, 'user');
      case 'GET /user/emails':
        return sendUserinfo(request, response, 'emails');
      default:
        return send(response, 404, 'nothing here');
    }
  }

  const server = switchable(port, (request, response) => {
    handle(request, response).catch((error) => send(response, 500, String(error)));
  });
  await server.start();
  return Object.assign(forge, server);
}

/** Reads the credentials from the header or the body (RFC 6749, section 2.3.1). */
function credentials(request, form) {
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!basic) return [form.get('client_id'), form.get('client_secret')];
  const text = Buffer.from(basic, 'base64').toString();
  return text.split(':').map(decodeURIComponent);
}

async function readForm(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

function send(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}

function json(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
