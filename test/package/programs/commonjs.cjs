// As an application in CommonJS does it; before 20.19 Node has no require() of ES modules, and it takes an import().
const load = process.features.require_module ? require : (name) => import(name);

async function main() {
  const modules = {
    root: await load('cachegate'),
    app: await load('cachegate/app'),
    session: await load('cachegate/session'),
    web: await load('cachegate/web'),
    fetch: await load('cachegate/fetch'),
    function: await load('cachegate/function'),
  };
  const { useParts } = await load('./parts.mjs');
  await useParts(modules);
  console.log('used');
}

main();
