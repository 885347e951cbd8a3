/** One event of a stream (`text/event-stream`). */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

const MAX_EVENT_LENGTH = 1024 * 1024;
// A CR at the end may be the first half of a line's end.
const LINE_END = /\r\n|\n|\r(?=[^\n])/;

/**
 * Reads events as they come; comments, ids and retry times say nothing here.
 * @throws Error for an event without end
 */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let lines: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const ended = (rest + decoder.decode(chunk, { stream: true })).split(LINE_END);
    rest = ended.pop()!;
    for (const line of ended) {
      length += line.length;
      if (line !== '') lines.push(line);
      else {
        const event = eventIn(lines);
        [lines, length] = [[], 0];
        if (event !== null) yield event;
      }
    }
    if (length + rest.length > MAX_EVENT_LENGTH) throw new Error('an event is too long');
  }
}

function eventIn(lines: readonly string[]): ServerEvent | null {
  let name = 'message';
  const data: string[] = [];
  for (const line of lines) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { name, data: data.join('\n') };
}
