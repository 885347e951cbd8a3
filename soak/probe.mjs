// Loaded into a gate by `--import`: writes at SIGUSR2 what the process holds, once it has let go of what nobody needs.
// Needs --expose-gc. The file to write to stands behind `?` in this module's URL.
import { renameSync, writeFileSync } from 'node:fs';

const file = decodeURIComponent(new URL(import.meta.url).search.slice(1));

process.on('SIGUSR2', () => {
  // Twice: what a finaliser lets go of is collected the second time.
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    const resources = {};
    for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
    writeFileSync(`${file}.part`, JSON.stringify({ rss, heapUsed, external, resources }));
    renameSync(`${file}.part`, file);
  });
});
