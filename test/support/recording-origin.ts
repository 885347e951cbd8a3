import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** An origin that reads as strictly as it can, and tells what it was sent, and what of that was no proper request. */
export interface RecordingOrigin {
  readonly url: string;
  /** The requests in order, as `METHOD target`, with ` <content>` behind it where there was any. */
  readonly asked: string[];
  /** Their header sections, as they came. */
  readonly heads: string[];
  /** What could be read in two ways, or not at all. */
  readonly faults: string[];
  /** Forgets all that was said so far. */
  reset(): void;
  close(): Promise<void>;
}

/** @param fields for every response; its content is `ok` */
export async function startRecordingOrigin(fields = 'Cache-Control: no-store\r\n'): Promise<RecordingOrigin> {
  const asked: string[] = [];
  const heads: string[] = [];
  const faults: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let unread = '';
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      unread += bytes.toString('latin1');
      for (let read = readRequest(unread); read !== null; read = readRequest(unread)) {
        if (typeof read === 'string') {
          faults.push(read);
          socket.destroy();
          return;
        }
        heads.push(unread.slice(0, unread.indexOf('\r\n\r\n') + 2));
        unread = unread.slice(read.end);
        asked.push(read.content === '' ? read.line : `${read.line} <${read.content}>`);
        socket.write(
          `HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\n${read.line.startsWith('HEAD') ? '' : 'ok'}`,
        );
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    heads,
    faults,
    reset: () => void [asked, heads, faults].map((list) => list.splice(0)),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Read {
  readonly line: string;
  readonly content: string;
  readonly end: number;
}

const LINE = /^([A-Z-]+ \/[!-~]*) HTTP\/1\.1$/;
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?([\t -~\x80-\xff]*)$/;

/** The first request of a text, or what is wrong with it; `null` as long as some of it is missing. */
function readRequest(text: string): Read | string | null {
  const blank = text.indexOf('\r\n\r\n');
  if (blank === -1) return null;
  const [first, ...lines] = text.slice(0, blank).split('\r\n');
  const line = LINE.exec(first!)?.[1];
  if (line === undefined) return `request line: ${first}`;
  const odd = lines.find((each) => !FIELD.test(each));
  if (odd !== undefined) return `field line: ${odd}`;
  const valuesOf = (name: string) =>
    lines
      .filter((each) => each.toLowerCase().startsWith(`${name}:`))
      .map((each) => each.slice(name.length + 1).trim());
  const [hosts, lengths, codings] = ['host', 'content-length', 'transfer-encoding'].map(valuesOf);
  if (hosts!.length !== 1) return `hosts: ${hosts}`;
  if (lengths!.length + codings!.length > 1) return `framing: ${lengths} ${codings}`;
  const start = blank + 4;
  if (codings!.length === 1)
    return codings![0] === 'chunked' ? readChunks(line, text, start) : `coding: ${codings}`;
  if (!/^\d*$/.test(lengths![0] ?? '')) return `length: ${lengths}`;
  const end = start + Number(lengths![0] ?? 0);
  return text.length < end ? null : { line, content: text.slice(start, end), end };
}

function readChunks(line: string, text: string, start: number): Read | string | null {
  let content = '';
  for (let at = start; ; ) {
    const stop = text.indexOf('\r\n', at);
    if (stop === -1) return null;
    const size = text.slice(at, stop);
    if (!/^[0-9a-f]{1,8}$/i.test(size)) return `chunk size: ${size}`;
    const data = stop + 2;
    const end = data + Number.parseInt(size, 16);
    if (text.length < end + 2) return null;
    if (text.slice(end, end + 2) !== '\r\n') return 'chunk without end';
    content += text.slice(data, end);
    if (end === data) return { line, content, end: end + 2 };
    at = end + 2;
  }
}
