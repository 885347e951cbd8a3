/** Lifetimes of a session that the configuration says nothing of. */
export const DEFAULT_IDLE_TTL_SECONDS = 1_800;
export const DEFAULT_ABSOLUTE_TTL_SECONDS = 43_200;
