// Hosts of other engines in workerd, to be measured beside this one.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Contender, LIMIT_MS } from './contenders.mjs'
import { Process } from './process.mjs'

const FOLDER = join(import.meta.dirname, 'rivals')
const REPOSITORY = join(import.meta.dirname, '../../..')

const { devDependencies: { yjs: YJS } } = JSON.parse(readFileSync(join(FOLDER, '../../package.json'), 'utf8'))
const [, YRS] = /^yrs = "=(.*)"/m.exec(readFileSync(join(FOLDER, 'yrs/Cargo.toml'), 'utf8'))

export const ABOUT = `The same by hosts of yjs ${YJS} in JavaScript and of yrs ${YRS} in WebAssembly (\`opt-level\` 3; \`ywasm\` on npm is of an
older one), in workerds of their own of the same version. All do an operation in turn, so often as n says: this host, yjs, yrs. CPU is the
median (least to most); what is divided are medians; "at least" says how many times as long as this host a rival is to take.

Both (\`bench/rivals/\`) are written as such hosts are in production, after y-durableobjects and y-partyserver: sockets that hibernate, the
document built in memory from rows when it is needed, a row for each update with something new in it, which the output gate has stored before others see
it, steps 1 and 2 of the handshake, awareness in memory. They are kinder to themselves than those: what is stored is one merged update and a
row for each waking before; rows are merged when the last client leaves, which is not measured; a sender is sent nothing back; no timer keeps the
object awake. They know no rights, no limits of what a client sends, no pace of a join, and nothing of a document without having all of it.

The platform ends an isolate that takes more than 128 MB, and a request that takes more than 30 s. workerd does neither: what is
beyond it here would not be done there. What took more than ${LIMIT_MS / 1_000} s by the clock was given up. Before wakings
two clients join.`

/** Those of these names; `give` says how one is given a large document. */
export async function rivals (names, give) {
  if (names.includes('yrs')) buildYrs()
  const all = []
  for (const name of names) all.push(new Contender(name, await Process.start(join(FOLDER, `${name}.js`)), true, give))
  return all
}

/** The module of yrs, which takes a minute to compile for the first time. */
function buildYrs () {
  const cargo = (folder, ...args) => {
    const { status } = spawnSync('cargo', args, { cwd: folder, stdio: 'inherit' })
    if (status !== 0) throw new Error(`cargo ${args.join(' ')} failed`)
  }
  const source = join(FOLDER, 'yrs')
  const target = join(source, 'target')
  cargo(source, 'build', '--quiet', '--release', '--locked', '--target', 'wasm32-unknown-unknown', '--target-dir', target)
  const module = join(target, 'wasm32-unknown-unknown/release/yrs_replica.wasm')
  cargo(REPOSITORY, 'run', '--quiet', '--package', 'merganser-wasm-package', '--', 'factory', module, join(source, 'pkg'), 'yrs', 'Replica')
}
