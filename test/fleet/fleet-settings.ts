/** Settings of one gate of a fleet: the same but for store and origin, which are reached by other ways. */
export function fleetSettings(store: string, origin: string, settings: object) {
  return {
    admin_listen: 'off',
    store,
    // Made of store and origin unless it is said.
    hash_key: 'the same for all of the fleet',
    purge: { addresses: ['127.0.0.1'] },
    services: { default: { origin } },
    ...settings,
  };
}
