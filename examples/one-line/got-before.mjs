// biome-ignore-all format: what differs between the two programs is one line
import got from 'got';

const API = process.env.API_URL;
const shop = got.extend({ prefixUrl: API });

for (let i = 0; i < 20; i++) {
  const { name } = await shop(`products/${i % 5}`).json();
  console.log(name);
}
