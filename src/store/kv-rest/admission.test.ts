import { describe, expect, it } from 'vitest';
import { createAdmission } from './admission.ts';

const forever = () => new Promise<never>(() => {});
const OVERLOADED = { code: 'ERR_STORE_OVERLOADED' };

describe('createAdmission', () => {
  it('lets in until so many operations wait, and again when fewer do', async () => {
    const admission = createAdmission(3, 1_000);
    void admission.run(2, 0, forever);
    let finish = (_: string) => {};
    const one = admission.run(1, 0, () => new Promise<string>((resolve) => (finish = resolve)));
    await expect(admission.run(1, 0, forever)).rejects.toMatchObject(OVERLOADED);
    finish('done');
    expect(await one).toBe('done');
    expect(await admission.run(1, 0, async () => 'later')).toBe('later');
  });

  it('lets in until so many bytes wait', async () => {
    const admission = createAdmission(10, 100);
    void admission.run(1, 100, forever);
    await expect(admission.run(1, 1, forever)).rejects.toMatchObject(OVERLOADED);
  });

  it('counts what fails no longer, and tells when nothing waits', async () => {
    const admission = createAdmission(1, 100);
    await admission.drained();
    const failing = admission.run(1, 100, async () => Promise.reject(new Error('no')));
    let drained = false;
    const wait = admission.drained().then(() => {
      drained = true;
    });
    expect(drained).toBe(false);
    await expect(failing).rejects.toThrow('no');
    await wait;
    expect(await admission.run(1, 1, async () => 1)).toBe(1);
  });
});
