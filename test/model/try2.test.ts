import { it } from 'vitest';
import { runModel } from './driver.ts';
import { buildSubject } from './mutant.ts';
import { mutations } from './mutations.ts';
it('x', async () => {
  for (const m of mutations) {
    const t = performance.now();
    try {
      const createSubject = await buildSubject(m);
      const b = performance.now() - t;
      const found: string[] = [];
      let why = '';
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const { fault, steps } = await runModel({ seed, steps: 20000, mode: 'safe', createSubject });
        found.push(fault ? String(steps) : 'NO');
        why = fault?.reason ?? why;
      }
      console.log(m.name, '|', b.toFixed(0), 'ms |', found.join(' '), '|', why.slice(0, 90));
    } catch (e) { console.log(m.name, 'ERR', e); }
  }
}, 600000);
