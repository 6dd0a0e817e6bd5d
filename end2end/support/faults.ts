import type { BrowserContext } from '@playwright/test';

/** Chromium says this of every refused request; that a form is refused is no fault. */
const REFUSED = /^console error: Failed to load resource: the server responded with a status of 4\d\d /;

/** Whoever leaves a page leaves what it was still asking for. */
const LEFT = /^request failed: \S+\/(favicon\.svg|api\/\S+|pkg\/\S+) net::ERR_ABORTED$/;

/** Chromium reports what signing out has asked it to do. */
const CLEARED = /^console info: Clear-Site-Data header on \S+: Cleared data types: "storage"\. /;

/** What no visitor should cause: lines in the console, errors in pages, requests that fail. */
export class Faults {
  readonly #seen: string[] = [];
  #isOver = false;

  /** @param foreign the origins whose pages are not ours to mend */
  constructor(private readonly foreign: string[]) {}
  readonly #tolerated: RegExp[] = [REFUSED, LEFT, CLEARED];

  /** Watches all pages of a browser, those to come too. */
  watch(context: BrowserContext): void {
    context.on('console', (it) => {
      const { url } = it.location();
      if (this.foreign.some((origin) => url.startsWith(`${origin}/`))) return;
      this.#note(`console ${it.type()}: ${it.text()} (${url})`);
    });
    context.on('weberror', (it) => this.#note(`page error: ${String(it.error())}`));
    context.on('requestfailed', (it) => this.#note(`request failed: ${it.url()} ${it.failure()?.errorText}`));
  }

  #note(fault: string): void {
    if (!this.#isOver) this.#seen.push(fault);
  }

  /** The test is done; what closing its pages breaks off is no fault. */
  end(): void {
    this.#isOver = true;
  }

  /** Expects faults like this one in the rest of the test. */
  tolerate(pattern: RegExp): void {
    this.#tolerated.push(pattern);
  }

  /** What was seen and is not tolerated. */
  get all(): string[] {
    return this.#seen.filter((fault) => !this.#tolerated.some((it) => it.test(fault)));
  }
}
