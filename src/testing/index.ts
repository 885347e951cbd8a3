export { createFaultyStore, type FaultyStore, type StoreCall } from './faulty-store.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
export { type ContractCase, type StoreHarness, storeContract } from './store-contract.ts';
