import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** Removes a Unix socket's file that a process which ended unasked has left: there, and nobody behind it. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  // Connecting to a file of another kind is refused too, and that file is somebody's.
  if (found?.isSocket() && (await isStale(path))) await unlink(path);
}

// Any other answer (no such file, no permission, somebody listens) is left for listening itself to tell.
function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
