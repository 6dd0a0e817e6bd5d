import { createHmac } from 'node:crypto';

import { type Page, expect } from '@playwright/test';
import jsqr from 'jsqr';
import { PNG } from 'pngjs';

import { arrives, field, open, press } from './steps.ts';

// The package is CommonJS; its types say otherwise.
const readQr = jsqr as unknown as typeof jsqr.default;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Decodes base32 (RFC 4648, section 6). */
function decode(text: string): Buffer {
  const bits = [...text].map((it) => ALPHABET.indexOf(it).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((it) => Number.parseInt(it, 2)));
}

/** An authenticator app (RFC 6238), written apart from the server. */
export class Authenticator {
  readonly key: Buffer;
  readonly uri: URL;
  #step = 0;

  constructor(uri: string) {
    this.uri = new URL(uri);
    this.key = decode(this.uri.searchParams.get('secret')!);
  }

  /** Reads the QR code on a page as a camera does: from what is drawn. */
  static async scan(page: Page): Promise<Authenticator> {
    const { data, width, height } = PNG.sync.read(await page.locator('svg.qr').screenshot());
    const found = readQr(new Uint8ClampedArray(data), width, height);
    expect(found, 'a QR code').not.toBeNull();
    return new Authenticator(found!.data);
  }

  /** Returns the next code that was not used. The server accepts codes one step early, so a test has two before it must
   *  wait. */
  async nextCode(): Promise<string> {
    this.#step = Math.max(this.#step + 1, Math.floor(Date.now() / 30_000));
    while (this.#step > Math.floor(Date.now() / 30_000) + 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return this.code(this.#step);
  }

  code(step: number): string {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac('sha1', this.key).update(counter).digest();
    const number = digest.readUInt32BE(digest.at(-1)! & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
  }
}

/** Adds an authenticator app on the page for it. */
export async function addAuthenticator(page: Page, name: string): Promise<Authenticator> {
  await open(page, '/dashboard/add-authenticator-app');
  const app = await Authenticator.scan(page);
  await field(page, 'Name').fill(name);
  await field(page, 'Code').fill(await app.nextCode());
  await press(page, 'Add app');
  return app;
}

/** Saves the recovery codes that the page shows, and returns them. */
export async function saveRecoveryCodes(page: Page): Promise<string[]> {
  const codes = await page.locator('.codes code').allTextContents();
  await press(page, 'Activate these codes');
  await arrives(page, '/dashboard/security');
  return codes;
}
