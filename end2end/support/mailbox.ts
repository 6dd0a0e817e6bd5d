import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from '@playwright/test';

/** A mail as its reader sees it. */
export type Mail = { subject: string; text: string; links: string[] };

/** The mails of one recipient, newest last, as the outbox has written them. */
export class Mailbox {
  constructor(
    private readonly folder: string,
    readonly email: string,
  ) {}

  /** Waits for the next mail with this subject after the first `seen` ones. */
  async next(subject: string, seen = 0): Promise<Mail> {
    let found: Mail | undefined;
    await expect
      .poll(async () => (found = (await this.all()).filter((it) => it.subject === subject)[seen]), {
        message: `a mail to ${this.email}: ${subject}`,
        timeout: 10_000,
      })
      .toBeTruthy();
    return found!;
  }

  /** Waits for the next sign-in mail after the first `seen` ones; returns it and its code. */
  async code(seen = 0): Promise<[Mail, string]> {
    const isSignInMail = (it: Mail) => it.subject.startsWith('Your sign-in code is ');
    await expect.poll(async () => (await this.all()).filter(isSignInMail).length, { timeout: 10_000 }).toBe(seen + 1);
    const mail = (await this.all()).filter(isSignInMail)[seen]!;
    return [mail, mail.subject.slice(-6)];
  }

  async all(): Promise<Mail[]> {
    const names = await readdir(this.folder).catch(() => [] as string[]);
    const mails = names.filter((it) => it.endsWith('.eml')).sort();
    const sources = await Promise.all(mails.map((it) => readFile(join(this.folder, it), 'utf8')));
    return sources.filter((it) => it.includes(`\r\nTo: ${this.email}\r\n`)).map(parseMail);
  }
}

function parseMail(source: string): Mail {
  const subject = /^Subject: (.*)\r$/m.exec(source)![1]!;
  const part = source.split(/^--\S+\r\n/m).find((it) => it.startsWith('Content-Type: text/plain'))!;
  const body = part.slice(part.indexOf('\r\n\r\n') + 4);
  const isQuoted = /Content-Transfer-Encoding: quoted-printable/.test(part);
  const text = isQuoted ? unquote(body) : body;
  return { subject, text, links: text.match(/http:\S+\/tickets\/\S+/g) ?? [] };
}

/** Decodes quoted-printable text (RFC 2045, section 6.7). */
function unquote(text: string): string {
  const octets = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, it: string) => String.fromCharCode(parseInt(it, 16)));
  return Buffer.from(octets, 'latin1').toString('utf8');
}
