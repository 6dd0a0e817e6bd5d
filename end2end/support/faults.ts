import type { BrowserContext } from '@playwright/test';

/** Chromium logs this for every refused request; a refused form is not a fault. */
const REFUSED = /^console error: Failed to load resource: the server responded with a status of 4\d\d /;

/** Leaving a page cancels its pending requests. */
const LEFT = /^request failed: \S+\/(favicon\.svg|api\/\S+|pkg\/\S+) net::ERR_ABORTED$/;

/** Chromium logs what signing out has asked it to clear. */
const CLEARED = /^console info: Clear-Site-Data header on \S+: Cleared data types: "storage"\. /;

/** Collects what no visitor should cause: console messages, page errors, failed requests. */
export class Faults {
  readonly #seen: string[] = [];
  #isOver = false;

  /** @param foreign origins of pages that are not ours to fix */
  constructor(private readonly foreign: string[]) {}
  readonly #tolerated: RegExp[] = [REFUSED, LEFT, CLEARED];

  /** Watches all pages of a browser, including future ones. */
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

  /** Stops collecting: requests cancelled by closing the pages are not faults. */
  end(): void {
    this.#isOver = true;
  }

  /** Tolerates such faults for the rest of the test. */
  tolerate(pattern: RegExp): void {
    this.#tolerated.push(pattern);
  }

  /** Tolerates all that pages of another origin log. */
  tolerateAt(origin: string): void {
    this.foreign.push(origin);
  }

  /** Returns the faults seen that are not tolerated. */
  get all(): string[] {
    return this.#seen.filter((fault) => !this.#tolerated.some((it) => it.test(fault)));
  }
}
