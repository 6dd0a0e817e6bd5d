import { randomBytes } from 'node:crypto';

import pg from 'pg';

/** Returns the URL of the server for test databases, or fails with the reason. */
export function serverUrl(): string {
  const url = process.env.PORTCULLIS_TEST_POSTGRES;
  if (url) return url;
  throw new Error(
    'PORTCULLIS_TEST_POSTGRES is not set. `scripts/postgres run COMMAND` runs a command beside a ' +
      'PostgreSQL of its own; PORTCULLIS_SKIP_POSTGRES=1 leaves these tests out.',
  );
}

/** Creates an empty database; `drop` removes it. */
export async function createDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `portcullis_${randomBytes(6).toString('hex')}`;
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  await run(`CREATE DATABASE ${name}`);
  return { url: url.href, drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** Runs one statement as the server's owner. */
export async function run(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
