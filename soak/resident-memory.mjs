import { readFileSync } from 'node:fs';

const SAMPLED_EVERY_MS = 100;

/** Watches how much memory a process has resident, from now on. */
export function watchResidentMemory(pid) {
  const beforeKib = residentKib(pid);
  let mostKib = beforeKib;
  const timer = setInterval(() => {
    mostKib = Math.max(mostKib, residentKib(pid));
  }, SAMPLED_EVERY_MS);
  return {
    /** @returns {{ beforeMib: number, grownMib: number }} */
    stop() {
      clearInterval(timer);
      return { beforeMib: beforeKib / 1024, grownMib: (mostKib - beforeKib) / 1024 };
    },
  };
}

export function residentKib(pid) {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}
