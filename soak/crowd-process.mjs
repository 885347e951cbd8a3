// Started by crowd.mjs: `node crowd-process.mjs URL SIZE`. Says when all connections are open; then, for each
// `{ target, count }` it is sent, asks with the first `count` of them at once and sends back what they received. A list of
// targets holds one for each.
import { once } from 'node:events';
import { connect } from 'node:net';
import { monotonicMs } from './monotonic.mjs';

const OPENED_AT_ONCE = 200;
const PATIENCE_MS = 60_000;

const { hostname, port, host } = new URL(process.argv[2]);
const sockets = [];
for (let left = Number(process.argv[3]); left > 0; left -= OPENED_AT_ONCE) {
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(left, OPENED_AT_ONCE) }, open))));
}
process.on('message', async ({ target, count }) => {
  const targetOf = (i) => (typeof target === 'string' ? target : target[i]);
  process.send(await Promise.all(sockets.slice(0, count).map((socket, i) => ask(socket, targetOf(i), i))));
});
process.once('disconnect', () => process.exit());
process.send('ready');

async function open() {
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

function ask(socket, target, client) {
  const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nClient: ${client}\r\n\r\n`;
  return new Promise((resolve) => {
    const sentAt = monotonicMs();
    let text = '';
    const settle = (received) => {
      clearTimeout(timer);
      socket.off('data', read);
      socket.off('close', broken);
      resolve({ sentAt, doneAt: monotonicMs(), error: null, ...received });
    };
    const broken = () => settle({ error: `the connection was closed after "${text.slice(0, 100)}"` });
    const timer = setTimeout(settle, PATIENCE_MS, { error: `no answer in ${PATIENCE_MS} ms` });
    function read(data) {
      text += data.toString('latin1');
      const answer = parse(text);
      if (answer !== null) settle(answer);
    }
    socket.on('data', read);
    socket.once('close', broken);
    socket.write(request);
  });
}

/** An answer once it is all there; it must say its length. */
function parse(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = text.slice(0, end);
  const length = /^content-length: *(\d+)/im.exec(head);
  if (length === null) return { error: `no Content-Length in "${head}"` };
  const body = text.slice(end + 4);
  if (body.length < Number(length[1])) return null;
  if (body.length > Number(length[1])) return { error: `more than its Content-Length in "${text}"` };
  const cookie = /^set-cookie: *(\S+)/im.exec(head)?.[1] ?? null;
  return { status: Number(head.split(' ', 2)[1]), body, cookie };
}
