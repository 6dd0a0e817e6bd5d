import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';

/** Returns a loopback port that was free a moment ago. */
export async function freePort() {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Creates a loopback HTTP server that can stop and start again on the same port.
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
      // Browsers keep connections open for minutes.
      server.closeAllConnections();
      await closed;
      server = undefined;
    },
  };
}
