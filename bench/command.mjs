// What every benchmark is as a command: stopped by a signal it lets go of what it has started, and says why it failed.

/**
 * @template Options
 * @param {() => Options | null} parse `null` where there is nothing to run, as after `--help`
 * @param {(options: Options, signal: AbortSignal) => Promise<void>} run
 */
export async function runCommand(parse, run) {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => interruption.abort(new Error(`Stopped by ${name}.`)));
  }
  try {
    const options = parse();
    if (options !== null) await run(options, interruption.signal);
  } catch (error) {
    console.error(error.name === 'AbortError' ? error.cause.message : error.message);
    process.exitCode = 1;
  }
}
