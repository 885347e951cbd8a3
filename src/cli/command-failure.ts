/** What a command could not do, told in one line; the exit code is that of a failure. */
export class CommandFailure extends Error {}

/** Nothing answered at the address, not to the end, or not now: asked again, it might. */
export class NoAnswer extends CommandFailure {}

/** Not all of what was asked for is done; the exit code has a number of its own. */
export class Incomplete extends CommandFailure {}
