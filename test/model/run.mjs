// @ts-check
// `node test/model/run.mjs [--seed 1] [--steps 1000000] [--mode safe|rfc] [--episode 0]`: tries the cache with the model,
// in both modes unless one is named. With --episode only that one is run, as when it is tried again.
import { parseArgs } from 'node:util';
import { withModel } from './load.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    steps: { type: 'string' },
    mode: { type: 'string' },
    episode: { type: 'string' },
  },
});
const episode = values.episode === undefined ? undefined : Number(values.episode);
const steps = Number(values.steps ?? (episode === undefined ? 1_000_000 : 400));

await withModel(async ({ tryModel, buildSubject }) => {
  const createSubject = await buildSubject(null);
  for (const mode of /** @type {const} */ (['safe', 'rfc'])) {
    if (values.mode !== undefined && values.mode !== mode) continue;
    const options = { seed: Number(values.seed), steps, mode, createSubject };
    const trial = await tryModel(episode === undefined ? options : { ...options, fromEpisode: episode });
    const share = (100 * trial.hitShare).toFixed(1);
    console.log(
      `seed ${values.seed}, mode ${mode}: ${trial.steps} steps, ${share} % of the reads answered from cache`,
    );
    if (trial.described === null) continue;
    console.log(trial.described);
    process.exitCode = 1;
  }
});
