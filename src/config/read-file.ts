import { readFile } from 'node:fs/promises';

export type FileText = { readonly text: string } | { readonly reason: string };

/** A file's text, or why it cannot be read. */
export async function readText(file: string): Promise<FileText> {
  try {
    return { text: await readFile(file, 'utf8') };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

// Node's messages read "ENOENT: no such file or directory, open '/the/path'".
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^[A-Z]+: |,.*$/gs, '') : String(error);
}
