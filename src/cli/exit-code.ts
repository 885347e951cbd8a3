/** The exit codes of the command; 2 as shells use it for wrong usage. */
export const EXIT_CODES = { ok: 0, failure: 1, invalid: 2 } as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
