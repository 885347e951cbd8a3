import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

/** @type {Map<string, object>} */
const loaded = new Map();

/**
 * Modules of the tests, which are TypeScript; each is loaded once.
 *
 * @param {string[]} files from the project's folder on
 * @returns {Promise<any>} all that they export
 */
export async function loadTypeScript(files) {
  const missing = files.filter((file) => !loaded.has(file));
  if (missing.length > 0) await load(missing);
  return Object.assign({}, ...files.map((file) => loaded.get(file)));
}

/** @param {string[]} files */
async function load(files) {
  const vite = await createServer({
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    root: fileURLToPath(new URL('..', import.meta.url)),
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    await Promise.all(files.map(async (file) => loaded.set(file, await vite.ssrLoadModule(`/${file}`))));
  } finally {
    await vite.close();
  }
}
