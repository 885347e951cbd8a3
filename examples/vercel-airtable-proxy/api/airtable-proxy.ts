import { createGate } from 'cachegate/vercel';
import config from '../gate.config.mjs';

/** All of it is said in cachegate.yaml; `npm run vercel-build` makes gate.config.mjs of that. */
export default createGate(config);
