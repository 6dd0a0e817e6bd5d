import type { BrowserContext } from '@playwright/test';

/** Chromium says this of every refused request; that a form is refused is no fault. */
const REFUSED = /^console error: Failed to load resource: the server responded with a status of 4\d\d /;

/** What no visitor should cause: lines in the console, errors in pages, requests that fail. */
export class Faults {
  readonly #seen: string[] = [];
  #isOver = false;
  readonly #tolerated: RegExp[] = [REFUSED];

  /** Watches all pages of a browser, those to come too. */
  watch(context: BrowserContext): void {
    context.on('console', (it) => this.#note(`console ${it.type()}: ${it.text()} (${it.location().url})`));
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
