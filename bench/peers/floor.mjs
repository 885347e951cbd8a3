import { fileURLToPath } from 'node:url';
import { cores } from '../tools.mjs';

const SERVER = fileURLToPath(new URL('floor-server.mjs', import.meta.url));

/** What node:http can do at best: the same work written by hand for this one service, all in Maps. */
export const floor = {
  name: 'bare `node:http`, the same checks in Maps',
  usesStore: false,
  start: ({ processes, upstreams, port }) =>
    processes.serve({
      name: 'floor',
      command: process.execPath,
      args: [SERVER, String(port), upstreams.originUrl, upstreams.authorityUrl],
      core: cores.server,
      port,
    }),
};
