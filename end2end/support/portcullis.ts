import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open as openFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const HERE = import.meta.dirname;

/** The program under test. */
const BINARY = resolve(process.env.PORTCULLIS_BINARY ?? join(HERE, '../../target/release/portcullis'));

export type Settings = Record<string, string>;

/** A running server and its log. */
export type Portcullis = {
  url: string;
  log: () => string;
  /** The folder that mails are written to. */
  mails: string;
  /** Runs a command of the program on the same data, and returns its output. */
  run: (words: string[], input?: string) => Promise<string>;
  stop: () => Promise<void>;
};

/** Starts a server in a folder of its own and waits until it is ready. */
export async function startPortcullis(port: number, settings: Settings): Promise<Portcullis> {
  if (!existsSync(BINARY)) throw new Error(`no program at ${BINARY}; build it or set PORTCULLIS_BINARY`);
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-'));
  const url = `http://localhost:${port}`;
  const env = {
    PATH: process.env.PATH,
    PORTCULLIS_SITE__URL: url,
    PORTCULLIS_SITE__LISTEN: `127.0.0.1:${port}`,
    PORTCULLIS_SITE__DATA: join(folder, 'data'),
    // Cheap hashes: these tests are not about their cost.
    PORTCULLIS_PASSWORD__MEMORY_KIB: '8',
    PORTCULLIS_PASSWORD__ITERATIONS: '1',
    PORTCULLIS_HTTP__SHUTDOWN_TIMEOUT: '2s',
    // All visitors have one IP address here.
    PORTCULLIS_LIMIT__SIGN_IN_ADDRESS: 'none',
    PORTCULLIS_LIMIT__SIGN_UP_ADDRESS: 'none',
    PORTCULLIS_LIMIT__RECOVERY_ADDRESS: 'none',
    PORTCULLIS_LIMIT__VERIFICATION_ADDRESS: 'none',
    PORTCULLIS_LIMIT__RESEND_ADDRESS: 'none',
    PORTCULLIS_LIMIT__MAILED_SIGN_IN_ADDRESS: 'none',
    PORTCULLIS_LIMIT__CODE_ADDRESS: 'none',
    // Off by default, but tested too.
    PORTCULLIS_SIGN_IN__BY_MAIL: 'on',
    ...settings,
  };
  // Not the repository: the program must bring along all that it needs.
  const place = { cwd: folder, env };
  const child = spawn(BINARY, ['serve'], { ...place, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const note = (chunk: Buffer) => (log += chunk);
  child.stdout.on('data', note);
  child.stderr.on('data', note);

  const run = async (words: string[], input = '') => {
    const command = promisify(execFile)(BINARY, words, place);
    command.child.stdin!.end(input);
    return (await command).stdout;
  };
  const stop = async () => {
    const status = await end(child);
    await rm(folder, { recursive: true, force: true });
    if (status !== 0) throw new Error(`SIGTERM ended Portcullis with ${status}\n${log}`);
  };
  try {
    await waitUntilReady(url, child);
  } catch (error) {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    throw new Error(`Portcullis did not get ready: ${String(error)}\n${log}`);
  }
  return { url, log: () => log, mails: join(folder, 'data/mails'), run, stop };
}

/** Empties the database of a running server, as a careless restore would. */
export async function emptyDatabase(data: string): Promise<void> {
  const file = join(data, 'portcullis.sqlite');
  for (const it of [file, `${file}-wal`]) await truncate(it);
  // Makes open connections read everything again.
  const { size } = await stat(`${file}-shm`);
  const index = await openFile(`${file}-shm`, 'r+');
  await index.write(Buffer.alloc(size), 0, size, 0);
  await index.close();
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  const failed = once(child, 'error').then(([error]) => {
    throw error;
  });
  failed.catch(() => {});
  for (const giveUpAt = Date.now() + 20_000; Date.now() < giveUpAt; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = fetch(`${url}/health/ready`).catch(() => undefined);
    if ((await Promise.race([answer, failed]))?.status === 200) return;
  }
  throw new Error('/health/ready was not 200 within 20 s');
}

/** Stops the server; returns how it ended. */
async function end(child: ChildProcess): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(insist);
  }
  return child.exitCode ?? child.signalCode ?? 'nothing';
}
