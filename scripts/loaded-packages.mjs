// `node loaded-packages.mjs NAME`: imports it, alone, and prints as JSON which packages were loaded for that: by name, how
// many files and bytes. `.` is what lies in no package.
import { Session } from 'node:inspector';

const PACKAGE = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/;

const scripts = new Map();
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params: { url, length = 0 } }) => scripts.set(url, length));
session.post('Debugger.enable');
// Those that were there already, this file among them.
scripts.clear();
await import(process.argv[2]);
session.disconnect();

const packages = {};
for (const [url, bytes] of scripts) {
  if (!url.startsWith('file:') && !url.startsWith('/')) continue;
  const name = url.match(PACKAGE)?.[1] ?? '.';
  packages[name] ??= { files: 0, bytes: 0 };
  packages[name].files += 1;
  packages[name].bytes += bytes;
}
console.log(JSON.stringify(packages));
