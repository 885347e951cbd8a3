// biome-ignore-all format: what differs between the two programs is one line
import { Agent, request } from 'undici';

const API = process.env.API_URL;
const dispatcher = new Agent().compose(await (await import('cachegate/fetch')).createCacheInterceptor({ services: { shop: { origin: API } } }));

for (let i = 0; i < 20; i++) {
  const { body } = await request(`${API}/products/${i % 5}`, { dispatcher });
  console.log((await body.json()).name);
}
await dispatcher.close();
