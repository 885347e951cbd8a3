import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { freePort, untilSo } from './server-process.ts';

/** A sample is [seconds, text of a number]. */
export interface PromSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** A real Prometheus, a child of this process on a free port of loopback, with a folder of its own. */
export interface PrometheusServer {
  readonly url: string;
  /** What `GET /api/v1…` answers as `data`. @throws Error with what Prometheus says is wrong */
  ask(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** The series of an expression in the last so many seconds, a sample each second. */
  series(expr: string, seconds: number): Promise<readonly PromSeries[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** HOST:PORT of what it scrapes. */
  readonly target: string;
  readonly job: string;
  readonly token: string;
  readonly rulesFile: string;
}

const SCRAPE_INTERVAL = '250ms';

export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const program = process.env.PROMETHEUS || 'prometheus';
  const dir = await mkdtemp(join(tmpdir(), 'cachegate-prometheus-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = await writeConfig(dir, options);
  const args = [
    ...[`--config.file=${config}`, `--storage.tsdb.path=${join(dir, 'data')}`],
    ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  let output = '';
  child.stderr.on('data', (data: Buffer) => {
    output = (output + data).slice(-2000);
  });
  let failure: string | null = null;
  child.once('error', (error) => {
    failure = `${program}: ${error.message}. Install prometheus, or run the tests by npm test.`;
  });
  child.once('exit', () => {
    failure ??= `${program} ended; its last words:\n${output}`;
  });

  async function stop(): Promise<void> {
    process.off('exit', kill);
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      kill();
      await exited;
    }
    await rm(dir, { recursive: true, force: true });
  }

  async function ask(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`);
    const answer = (await response.json()) as { readonly data?: unknown; readonly error?: string };
    if (!response.ok) throw new Error(`${path} ${query.query ?? ''}: ${answer.error}`);
    return answer.data;
  }

  try {
    await untilSo('Prometheus is ready', async () => {
      if (failure !== null) return true;
      return (await fetch(`${url}/-/ready`)).ok;
    });
    if (failure !== null) throw new Error(failure);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    ask,
    stop,
    async series(query, seconds) {
      const end = Date.now() / 1000;
      const range = { query, start: String(end - seconds), end: String(end), step: '1' };
      return ((await ask('query_range', range)) as { readonly result: readonly PromSeries[] }).result;
    },
  };
}

async function writeConfig(
  dir: string,
  { target, job, token, rulesFile }: PrometheusOptions,
): Promise<string> {
  const tokenFile = join(dir, 'token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  await copyFile(rulesFile, join(dir, basename(rulesFile)));
  const file = join(dir, 'prometheus.yml');
  await writeFile(
    file,
    stringify({
      global: { scrape_interval: SCRAPE_INTERVAL, evaluation_interval: '1s' },
      rule_files: [basename(rulesFile)],
      scrape_configs: [
        {
          job_name: job,
          authorization: { credentials_file: tokenFile },
          static_configs: [{ targets: [target] }],
        },
      ],
    }),
  );
  return file;
}
