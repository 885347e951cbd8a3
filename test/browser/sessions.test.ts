import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TEXTS } from '../../examples/sessions/texts.mjs';
import { launchChromium } from '../support/chromium.ts';
import { type ExampleApp, startExampleApp } from '../support/example-app.ts';
import { freePort, untilSo } from '../support/server-process.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/sessions');

let browser: Browser;
let folder: string;
let valkey: ValkeyServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-browser-'));
  // It keeps its data over a restart: one that comes back empty knows no sessions.
  [browser, valkey] = await Promise.all([launchChromium(), startValkeyServer({ dir: folder })]);
});

afterAll(async () => {
  await Promise.all([browser?.close(), valkey?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

describe.each(['fastify', 'express', 'hono'])('the example in %s', (framework) => {
  let app: ExampleApp;
  let context: BrowserContext;
  let page: Page;
  let url: string;
  let port: number;

  const start = () =>
    startExampleApp(join(EXAMPLES, `${framework}.mjs`), {
      NODE_ENV: 'development',
      PORT: String(port),
      CACHE_URL: valkey.url,
      SESSION_SECRET: 'a secret of this test that is long enough',
    });

  beforeEach(async () => {
    port = await freePort();
    url = `http://localhost:${port}/`;
    [app, context] = await Promise.all([start(), browser.newContext()]);
    page = await context.newPage();
    await page.goto(url);
  });

  afterEach(async () => {
    await context?.close();
    await app?.end();
  });

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const said = (id: string) => page.locator(`#${id}`).textContent();
  const isLoggedIn = async () => (await said('who')) === TEXTS.greeting('demo');

  async function logIn(password: string): Promise<void> {
    await page.getByLabel(TEXTS.user, { exact: true }).fill('demo');
    await page.getByLabel(TEXTS.password, { exact: true }).fill(password);
    await press(TEXTS.logIn);
  }

  it('nobody is logged out by a restart or an outage, and who has logged out stays so', async () => {
    expect(await said('who')).toBe(TEXTS.nobody);
    expect(await context.cookies()).toEqual([]);

    await logIn('wrong');
    expect(await said('error')).toBe(TEXTS.wrong);
    await logIn('demo');
    expect(await isLoggedIn()).toBe(true);
    for (let i = 1; i <= 3; i += 1) {
      await press(TEXTS.countMore);
      expect(await said('count')).toBe(TEXTS.count(i));
    }

    expect(await app.end()).toBe(0);
    app = await start();
    await page.reload();
    expect(await isLoggedIn()).toBe(true);
    expect(await said('count')).toBe(TEXTS.count(3));
    await press(TEXTS.countMore);
    expect(await said('count')).toBe(TEXTS.count(4));

    await valkey.kill();
    await page.reload();
    expect(await isLoggedIn()).toBe(true);
    expect(await said('notice')).toBe(TEXTS.degraded);
    const [cookie] = await context.cookies();
    await press(TEXTS.logOut);
    expect(await said('who')).toBe(TEXTS.nobody);
    expect(await context.cookies()).toEqual([]);

    const putBack = async () => {
      await context.addCookies([cookie!]);
      await page.goto(url);
    };
    await putBack();
    expect(await isLoggedIn()).toBe(false);

    await valkey.restart();
    await untilSo('the application has the store again', async () => {
      await page.goto(url);
      return (await page.locator('#notice').count()) === 0;
    });
    expect(await isLoggedIn()).toBe(false);
    await putBack();
    expect(await isLoggedIn()).toBe(false);

    // Another process knows of it too: the store has been told.
    expect(await app.end()).toBe(0);
    app = await start();
    await putBack();
    expect(await isLoggedIn()).toBe(false);

    await logIn('demo');
    expect(await isLoggedIn()).toBe(true);
    expect(await said('count')).toBe(TEXTS.count(0));
  }, 60_000);
});
