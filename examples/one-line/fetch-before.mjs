// biome-ignore-all format: what differs between the two programs is one line
import { Agent, setGlobalDispatcher } from 'undici';

const API = process.env.API_URL;
setGlobalDispatcher(new Agent({ connections: 4 }));

for (let i = 0; i < 20; i++) {
  const response = await fetch(`${API}/products/${i % 5}`);
  console.log((await response.json()).name);
}
