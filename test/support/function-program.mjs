import { loadedPackages } from './loaded-packages.mjs';

// Imports the function, asks its gate once, and tells what was loaded by then: { imported, answered, status }.

const [entry, text] = process.argv.slice(2);
const { createGate } = await import(entry);
const imported = loadedPackages();
const gate = createGate({ ...JSON.parse(text), transforms: {} });
const request = new Request('https://gate.example/api/x', {
  headers: { cookie: 'sessionid=a.b.c', authorization: 'Bearer a.b.c' },
});
const { status } = await gate.fetch(request);
process.stdout.write(JSON.stringify({ imported, answered: loadedPackages(), status }));
// What was set going has its own time.
process.exit(0);
