import type { ContractCase } from './contract-case.ts';
import { countContract } from './store-count-contract.ts';
import { groupContract } from './store-group-contract.ts';
import { rateContract } from './store-rate-contract.ts';
import { replaceContract } from './store-replace-contract.ts';
import { tagContract } from './store-tag-contract.ts';
import { usageContract } from './store-usage-contract.ts';
import { valueContract } from './store-value-contract.ts';

export type { ContractCase, StoreHarness } from './contract-case.ts';

/**
 * What every store must do, as cases that any test runner can loop over. They can run side by side.
 *
 *     for (const { name, run } of storeContract) it(name, () => run({ create, advance }));
 */
export const storeContract: readonly ContractCase[] = [
  ...valueContract,
  ...replaceContract,
  ...rateContract,
  ...groupContract,
  ...tagContract,
  ...countContract,
  ...usageContract,
];
