/** Questions to a worker, each with an answer in time or none. */
export interface WorkerRequests<Question, Answer> {
  /** `null` when there is none in time, by default that of all questions. */
  ask(question: Question, deadlineMs?: number): Promise<Answer | null>;
  answer(id: number, answer: Answer): void;
  /** The worker is gone. */
  end(): void;
}

export function createWorkerRequests<Question, Answer>(
  send: (id: number, question: Question) => void,
  deadlineMs: number,
): WorkerRequests<Question, Answer> {
  const waiting = new Map<number, (answer: Answer | null) => void>();
  let asked = 0;
  return {
    ask: (question, ownDeadlineMs = deadlineMs) =>
      new Promise((resolve) => {
        const id = asked++;
        const settle = (answer: Answer | null) => {
          clearTimeout(deadline);
          waiting.delete(id);
          resolve(answer);
        };
        const deadline = setTimeout(settle, ownDeadlineMs, null);
        waiting.set(id, settle);
        send(id, question);
      }),
    answer: (id, answer) => waiting.get(id)?.(answer),
    end() {
      for (const settle of [...waiting.values()]) settle(null);
    },
  };
}
