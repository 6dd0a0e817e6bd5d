import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';

/** A port of loopback that was free a moment ago. */
export async function freePort() {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * An http server of loopback that can go away and come back at the same address.
 *
 * @param {number} port
 * @param {import('node:http').RequestListener} listener
 */
export function switchable(port, listener) {
  /** @type {import('node:http').Server | undefined} */
  let server;
  return {
    async start() {
      if (server) return;
      server = createServer(listener).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async stop() {
      if (!server) return;
      const closed = once(server, 'close');
      server.close();
      // Browsers keep theirs open for minutes.
      server.closeAllConnections();
      await closed;
      server = undefined;
    },
  };
}
