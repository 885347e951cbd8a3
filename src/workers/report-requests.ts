import type { WorkerReport } from './messages.ts';

/** Requests for a worker's report, each with an answer in time or none. */
export interface ReportRequests {
  /** The report; `null` when there is none within half a second. */
  ask(): Promise<WorkerReport | null>;
  answer(id: number, report: WorkerReport): void;
  /** The worker is gone. */
  end(): void;
}

const DEADLINE_MS = 500;

export function createReportRequests(send: (id: number) => void): ReportRequests {
  const waiting = new Map<number, (report: WorkerReport | null) => void>();
  let asked = 0;
  return {
    ask: () =>
      new Promise((resolve) => {
        const id = asked++;
        const settle = (report: WorkerReport | null) => {
          clearTimeout(deadline);
          waiting.delete(id);
          resolve(report);
        };
        const deadline = setTimeout(settle, DEADLINE_MS, null);
        waiting.set(id, settle);
        send(id);
      }),
    answer: (id, report) => waiting.get(id)?.(report),
    end() {
      for (const settle of [...waiting.values()]) settle(null);
    },
  };
}
