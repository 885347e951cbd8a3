import type { CompiledConfig } from 'cachegate/web';

declare const config: CompiledConfig;
export default config;
