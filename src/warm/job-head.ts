import type { WarmState } from '../observe/observer.ts';
import type { WarmReport } from './warm-job.ts';

/** What the store holds of a job beside its items. */
export interface JobHead {
  readonly id: string;
  readonly state: WarmState;
  /** The counts are final. One that was cancelled is settled by who is at it, or by who takes it over. */
  readonly settled: boolean;
  /** Who is at it, or was last. Who finds another here has lost it. */
  readonly runner: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly total: number;
  readonly duplicates: number;
  /** As of the last write, which comes twice a second; what was done is kept item by item (`job-parts.ts`). */
  readonly warmed: number;
  readonly failed: number;
  readonly rate: number;
  readonly template: string | null;
  readonly concurrency: number;
  readonly failures: readonly WarmFailure[];
}

export interface WarmFailure {
  readonly id: string;
  readonly reason: string;
}

export const MAX_FAILURES = 20;
const MAX_TEXT_LENGTH = 512;
const FORMAT_VERSION = 1;

export function encodeHead(head: JobHead): Buffer {
  return Buffer.from(JSON.stringify({ v: FORMAT_VERSION, ...head }));
}

/** `null` for what another release has written in another form. */
export function decodeHead(bytes: Buffer): JobHead | null {
  try {
    const { v, ...head } = JSON.parse(bytes.toString()) as JobHead & { v: number };
    return v === FORMAT_VERSION ? head : null;
  } catch {
    return null;
  }
}

/** Whether somebody has to be at it. */
export function isOpen({ settled }: JobHead): boolean {
  return !settled;
}

/** With one more failure, while there is room. */
export function withFailure(
  failures: readonly WarmFailure[],
  { id, reason }: WarmFailure,
): readonly WarmFailure[] {
  return failures.length >= MAX_FAILURES ? failures : [...failures, { id: cut(id), reason: cut(reason) }];
}

function cut(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`;
}

export function reportOf(head: JobHead): WarmReport {
  const left = head.total - head.warmed - head.failed;
  const rate = head.state === 'running' ? head.rate : 0;
  return {
    id: head.id,
    state: head.state,
    warmed_count: head.warmed,
    failed_count: head.failed,
    total_requested: head.total,
    duplicates: head.duplicates,
    rate_per_second: rate,
    seconds_left: rate > 0 && left > 0 ? Math.ceil(left / rate) : null,
    created_at: new Date(head.createdAt).toISOString(),
    ended_at: head.endedAt === null ? null : new Date(head.endedAt).toISOString(),
    failures: head.failures,
  };
}
