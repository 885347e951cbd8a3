export {
  BATCH_TTL_MS,
  DROP_TTL_MS,
  FILL_TTL_MS,
  MARK_BYTES,
  MARK_OFFSET,
  MAX_VALUE_BYTES,
} from '../store/store.ts';
export { createFaultyStore, type FaultyStore, type StoreCall } from './faulty-store.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
export { type ContractCase, type StoreHarness, storeContract } from './store-contract.ts';
