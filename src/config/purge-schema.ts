import * as z from 'zod';
import { network } from './network.ts';
import { bearerToken, listOf } from './scalars.ts';

/** Who may purge by the method `PURGE`. */
export const purgeSchema = z.strictObject({
  addresses: listOf(network(), 'IP addresses and CIDRs').default([]),
  token: bearerToken().optional(),
});
