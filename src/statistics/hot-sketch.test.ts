import { describe, expect, it } from 'vitest';
import { createHotSketch } from './hot-sketch.ts';

const get = (target: string) => ({ method: 'GET', target });

describe('the sketch of busy targets', () => {
  it('is exact while there are few requests a second', () => {
    const sketch = createHotSketch();
    for (let second = 0; second < 3; second += 1) {
      for (let i = 0; i < 80; i += 1) sketch.answered('api', get(`/${i % 4 === 0 ? 'often' : i}`));
      sketch.answered('other', get('/often'));
      sketch.tick();
    }
    const all = sketch.all();
    expect(all[0]).toEqual({ service: 'api', target: '/often', requests: 60 });
    expect(all[1]).toEqual({ service: 'api', target: '/1', requests: 3 });
    expect(all).toHaveLength(62);
    expect(all.filter(({ service }) => service === 'other')).toEqual([
      { service: 'other', target: '/often', requests: 3 },
    ]);
  });

  it('counts a sample of many with their weight, however regular they are', () => {
    const sketch = createHotSketch();
    const each = 80_000;
    // As often as the sample would be taken, were it taken at even distances.
    for (let i = 0; i < each * 32; i += 1) sketch.answered('api', get(`/${i % 32}`));
    const all = sketch.all();
    expect(all).toHaveLength(32);
    for (const { requests } of all) {
      expect(requests).toBeGreaterThan(each * 0.8);
      expect(requests).toBeLessThan(each * 1.2);
    }
  });

  it('has room for so many, and keeps those that are asked for again and again', () => {
    const sketch = createHotSketch();
    for (let i = 0; i < 20_000; i += 1) {
      sketch.answered('api', get(`/once/${i}`));
      sketch.answered('api', get(`/busy/${i % 10}`));
      sketch.tick();
      if (i % 1_000 === 0) expect(sketch.all().length).toBeLessThanOrEqual(2_000);
    }
    const busiest = sketch.all().slice(0, 10);
    expect(busiest.map(({ target }) => target).sort()).toEqual(
      Array.from({ length: 10 }, (_, i) => `/busy/${i}`),
    );
    expect(busiest.every(({ requests }) => requests === 2_000)).toBe(true);
  });

  it('takes up no room for what is very long', () => {
    const sketch = createHotSketch();
    sketch.answered('api', get(`/${'a'.repeat(5_000)}`));
    sketch.answered('api', { method: 'POST', target: '/a' });
    expect(sketch.all()).toEqual([]);
  });

  it('forgets what it is told to', () => {
    const sketch = createHotSketch();
    sketch.answered('api', get('/a'));
    sketch.answered('api', get('/b'));
    sketch.remove({ service: 'api', target: '/a', requests: 1 });
    sketch.remove({ service: 'none', target: '/a', requests: 1 });
    expect(sketch.all()).toEqual([{ service: 'api', target: '/b', requests: 1 }]);
  });
});
