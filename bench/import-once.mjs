// `node --expose-gc bench/import-once.mjs NAME`: imports it in this fresh process and prints as JSON what that took.
const name = process.argv[2];
globalThis.gc();
const before = process.memoryUsage();
const start = performance.now();
await import(name);
const ms = performance.now() - start;
const { rss } = process.memoryUsage();
globalThis.gc();
const { heapUsed } = process.memoryUsage();
console.log(JSON.stringify({ ms, rss: rss - before.rss, heap: heapUsed - before.heapUsed }));
// What has been imported may hold something open.
process.exit();
