import { it } from 'vitest';
import { runModel } from './driver.ts';
import { createSubject } from './subject.ts';
it('x', async () => {
  for (const mode of ['safe', 'rfc'] as const) {
    const t = performance.now();
    const { fault, ...r } = await runModel({ seed: Number(process.env.SEED ?? 1), steps: Number(process.env.STEPS ?? 20000), mode, createSubject });
    console.log(mode, r, r.hits / r.reads, r.steps / (performance.now() - t) * 1000, 'steps/s');
    if (fault) {
      console.log(fault.reason, fault.episode, fault.step, JSON.stringify({ ...fault.client, request: [...(fault.client?.request ?? [])] }));
      const ids = fault.client?.answer?.fields.filter(([n]) => n.startsWith('trace-')).map(([n]) => Number(n.slice(6))) ?? [];
      for (const e of fault.history.exchanges) if (ids.includes(e.id) || e.caller === fault.client?.id) console.log(JSON.stringify({ ...e, request: [...e.request], added: [...e.added] }));
    }
  }
}, 100000);
