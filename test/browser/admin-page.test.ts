import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type AdminServer, startAdminServer } from '../../src/admin/admin-server.ts';
import { launchChromium } from '../support/chromium.ts';
import { fakeSources } from '../support/fake-admin.ts';
import { type FakeOperations, fakeOperations } from '../support/fake-operations.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const TOKEN = 'a secret of the admin';

// A busy machine draws slowly.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let browser: Browser;
let context: BrowserContext;
let page: Page;
let operations: FakeOperations;
let admin: AdminServer;
/** What the page has asked of other places, and what it complained of. */
let elsewhere: string[];
let complaints: string[];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

beforeEach(async () => {
  operations = fakeOperations();
  admin = await startAdminServer(
    { kind: 'tcp', host: '127.0.0.1', port: 0 },
    fakeSources({ operations, token: TOKEN }),
  );
  context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  page = await context.newPage();
  [elsewhere, complaints] = [[], []];
  page.on('request', (request) => {
    if (!/^data:/.test(request.url()) && !request.url().startsWith(`${admin.url}/`))
      elsewhere.push(request.url());
  });
  page.on('console', (message) => {
    // Chromium's own word for an answer that is no success.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${admin.url}/docs/`);
  await page.locator('#operations-Cache-purge').waitFor();
});

afterEach(async () => {
  await context?.close();
  await admin?.close();
});

const operation = (id: string) => page.locator(`[id="operations-${id}"]`);

/** The rules that the page breaks now, with what breaks them. */
async function violations(): Promise<string[]> {
  // What has just been drawn is mended in the frame after.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await page.evaluate(await readAxe());
  return page.evaluate(async (values) => {
    const { axe } = globalThis as unknown as {
      axe: { run(what: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const found = await axe.run({ runOnly: { type: 'tag', values } } as object);
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  }, RULES);
}

let axe: Promise<string> | null = null;
function readAxe(): Promise<string> {
  axe ??= import('node:fs/promises').then(({ readFile }) => readFile(AXE, 'utf8'));
  return axe;
}

async function open(id: string): Promise<void> {
  await operation(id).locator('.opblock-summary-control').click();
  await operation(id).locator('.try-out__btn').click();
}

async function execute(id: string): Promise<string> {
  await operation(id).getByRole('button', { name: 'Execute', exact: true }).click();
  const answer = operation(id).locator('.live-responses-table .response');
  await answer.waitFor();
  return (await answer.textContent())!;
}

async function authorize(token: string): Promise<void> {
  await page.locator('.auth-wrapper > .authorize').click();
  await page.getByRole('dialog').getByRole('textbox').fill(token);
  await page.getByRole('dialog').getByRole('button', { name: 'Authorize', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().click();
}

it('shows all operations, asks for the token, and sends it along', async () => {
  await open('Cache-purge');
  expect(await execute('Cache-purge')).toContain('The token is missing');
  expect(operations.asked).toEqual([]);
  await authorize(TOKEN);
  expect(await execute('Cache-purge')).toContain('"purged": 3');
  expect(operations.asked).toEqual([['purge', { url: '/news/1?page=2' }]]);
  // The page is shown to others, too.
  expect(await page.locator('body').textContent()).not.toContain(TOKEN);
  await page.reload();
  await operation('Cache-purge').waitFor();
  await open('Cache-purge');
  expect(await execute('Cache-purge')).toContain('The token is missing');
  expect([elsewhere, complaints]).toEqual([[], []]);
});

it('shows what a remote has said as text', async () => {
  await authorize(TOKEN);
  await open('Cache-explain');
  await operation('Cache-explain').getByLabel('url').fill('/api/a?b=<img src=x onerror=alert(1)>&c');
  await operation('Cache-explain').getByLabel('method').fill('HEAD');
  const shown = await execute('Cache-explain');
  expect(shown).toContain('It is <b>fresh</b>.');
  expect(operations.asked).toEqual([
    ['explain', { url: '/api/a?b=<img src=x onerror=alert(1)>&c', method: 'HEAD', headers: {} }],
  ]);
  expect(await page.locator('b', { hasText: 'fresh' }).count()).toBe(0);
  expect([elsewhere, complaints]).toEqual([[], []]);
});

it('is usable by all (WCAG 2.2 AA), closed, open, in use and in its dialog', async () => {
  expect(await violations()).toEqual([]);
  for (const id of [
    'Cache-stats',
    'Cache-explain',
    'Cache-purge',
    'Warming-warmEvents',
    'Sessions-endSession',
  ]) {
    await operation(id).locator('.opblock-summary-control').click();
  }
  expect(await violations()).toEqual([]);
  await operation('Cache-purge').locator('.try-out__btn').click();
  await operation('Cache-explain').locator('.try-out__btn').click();
  await page.locator('.json-schema-2020-12-expand-deep-button').nth(1).click();
  await execute('Cache-purge');
  expect(await violations()).toEqual([]);
  await page.locator('.auth-wrapper > .authorize').click();
  await page.getByRole('dialog').waitFor();
  expect(await violations()).toEqual([]);
});

it('is used by the keyboard alone', async () => {
  const focused = () => page.evaluate<string>('document.activeElement?.textContent?.trim() ?? ""');
  const tabTo = async (text: RegExp) => {
    for (let i = 0; i < 60; i += 1) {
      if (text.test(await focused())) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`the keyboard does not lead to ${text}, but to "${await focused()}"`);
  };
  await tabTo(/^Authorize$/);
  const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
  expect(outline).toBe('solid');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  // The dialog has the focus at once.
  await page.keyboard.type(TOKEN);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Logout' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.locator('.auth-wrapper > .authorize').focus();
  await tabTo(/^GET\s*\/stats/);
  await page.keyboard.press('Enter');
  await tabTo(/^Try it out/);
  await page.keyboard.press('Enter');
  await tabTo(/^Execute$/);
  await page.keyboard.press('Enter');
  await expect
    .poll(() => operation('Cache-stats').locator('.live-responses-table').textContent())
    .toContain('0.667');
  expect([elsewhere, complaints]).toEqual([[], []]);
});
