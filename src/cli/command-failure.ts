/** What a command could not do, told in one line; the exit code is that of a failure. */
export class CommandFailure extends Error {}
