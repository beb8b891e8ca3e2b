// Hosts of other engines in workerd, to be measured beside this one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Contender } from './contenders.mjs'
import { Process } from './process.mjs'

const FOLDER = join(import.meta.dirname, 'rivals')
const REPOSITORY = join(import.meta.dirname, '../../..')

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
