// @ts-check
import { createServer } from 'vite';

/**
 * Runs `use` with the model's modules, which are TypeScript.
 *
 * @template Result
 * @param {(model: typeof import('./campaign.ts') & typeof import('./mutations.ts') & typeof import('./mutant.ts')) => Promise<Result>} use
 * @returns {Promise<Result>}
 */
export async function withModel(use) {
  const vite = await createServer({
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    root: import.meta.dirname,
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const files = ['campaign.ts', 'mutations.ts', 'mutant.ts'];
    const modules = await Promise.all(files.map((file) => vite.ssrLoadModule(`/${file}`)));
    return await use(Object.assign({}, ...modules));
  } finally {
    await vite.close();
  }
}
