/**
 * The exit codes of the command; 2 as shells use it for wrong usage. `incomplete`: it did what it could, and not all that was
 * asked for is done.
 */
export const EXIT_CODES = { ok: 0, failure: 1, invalid: 2, incomplete: 3 } as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
