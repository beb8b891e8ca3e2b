// Peers in workerd, each in a process of its own.
import { build } from 'esbuild'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import workerd from 'workerd'
import { HostProcess, said } from './process.mjs'

/** Any that the installed version knows: nothing here depends on it. */
const COMPATIBILITY_DATE = '2026-11-01'

/** What leads to a peer's class in a Worker. */
const entries = {
  yjs: () => `import { load } from './peers/yjs.mjs'
    const Replica = load()`,
  ywasm: () => `import { load } from './peers/ywasm.mjs'
    import engine from 'ywasm'
    const Replica = load(engine)`,
  merganser: folder => `import { load } from './peers/merganser.mjs'
    import * as engine from ${JSON.stringify(join(folder, 'merganser.js'))}
    import module from ${JSON.stringify(join(folder, 'merganser_bg.wasm'))}
    const Replica = load(engine, module)`
}

/** ywasm reads its module from a file, as Node does; here it is imported. */
const ywasmForWorkers = {
  name: 'ywasm',
  setup (build) {
    build.onLoad({ filter: /ywasm\.js$/ }, ({ path }) => {
      const [before, behind] = readFileSync(path, 'utf8').split(/^const path = require\('path'\)[^]*?readFileSync\(path\);$/m)
      const contents = `import module from './ywasm_bg.wasm'\nconst exported = {}\n${[before, behind].join('')}\nexport default exported`
        .replaceAll('module.exports', 'exported')
        .replace('const { TextDecoder, TextEncoder } = require(`util`);', '')
        .replace('new WebAssembly.Module(bytes)', 'module')
      return { contents }
    })
  }
}

/** A Worker with a peer, bundled into a folder of its own. */
async function bundle (peer, packageFolder) {
  const folder = mkdtempSync(join(tmpdir(), 'merganser-wasm-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const contents = `import { Host } from './host.mjs'
    ${entries[peer](packageFolder)}
    const host = new Host(Replica)
    export default { fetch: request => host.fetch(request) }`
  await build({
    stdin: { contents, resolveDir: join(import.meta.dirname, '..') },
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    plugins: [ywasmForWorkers],
    logLevel: 'warning'
  })
  const modules = readdirSync(folder).sort((a, b) => Number(b === 'worker.js') - Number(a === 'worker.js'))
    .map(file => `(name = "${file}", ${file.endsWith('.wasm') ? 'wasm' : 'esModule'} = embed "${file}")`)
  writeFileSync(join(folder, 'config.capnp'), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (modules = [${modules.join(', ')}], compatibilityDate = "${COMPATIBILITY_DATE}");
`)
  return folder
}

/** A process with a peer; `packageFolder` has the package, if it is this engine. */
export async function inWorkerd (peer, packageFolder) {
  const folder = await bundle(peer, packageFolder)
  return new HostProcess(`${peer} in workerd`, () => {
    const args = ['serve', '--control-fd=3', join(folder, 'config.capnp')]
    const child = spawn(workerd.default ?? workerd, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
    return { child, listening: said(child, child.stdio[3], /"listen".*?"port":\s*(\d+)/) }
  })
}

/** The version of a package that is installed here. */
export const version = name => JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`${name}/package.json`), 'utf8')).version
