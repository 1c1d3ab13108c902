import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import type { Hooks } from './database.ts';

/** A page of a real browser, closed when the test ends, with what went wrong in it and what it asked for elsewhere. */
export interface TestPage {
  page: Page;
  /** Errors and warnings of the console, uncaught errors, violations of the content security policy. */
  complaints: string[];
  /** Requests to other hosts than `origin`. */
  strangers: string[];
}

/**
 * The browser is that of a package, or the Chromium at CARILLON_TEST_CHROMIUM.
 * @param origin  the only host that the page is expected to talk to, such as http://127.0.0.1:4000
 */
export async function openPage(t: Hooks, origin: string): Promise<TestPage> {
  const browser: Browser = await playwright.launch({
    args: chromium.args,
    executablePath: process.env['CARILLON_TEST_CHROMIUM'] ?? (await chromium.executablePath()),
    headless: true,
  });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) strangers.push(request.url());
  });
  return { page, complaints, strangers };
}
