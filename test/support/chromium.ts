import { type Browser, chromium } from 'playwright-core';

/** Without a sandbox, which root has none of, and without calling anybody. */
const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A real Chromium without a window: the program that CHROMIUM names, else the system's. */
export function launchChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}
