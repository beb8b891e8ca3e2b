// Builds the Worker into `dist/`: `worker.js`, its types, and the engine as `room_bg.wasm`; with `--without-ot` that for
// Yjs clients only, as `room-core_bg.wasm`.
import { build } from 'esbuild'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname

/** Runs a command, and ends the program if it fails. */
function run (command, args) {
  const { status, error } = spawnSync(command, args, { cwd: here, stdio: 'inherit' })
  if (error || status !== 0) fail(`${command} ${args.join(' ')} failed`)
}

function fail (message) {
  console.error(message)
  process.exit(1)
}

/** The engine that serves Yjs clients only, in the place of the whole one. */
const WITHOUT_OT = { 'merganser/room': 'merganser/room-core', 'merganser/room_bg.wasm': 'merganser/room-core_bg.wasm' }

/** Bundles a Worker; the engine stays a file beside it, under the name by which it is imported. */
export function bundle (entry, folder, alias = {}) {
  return build({
    entryPoints: { worker: entry },
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker'],
    external: ['cloudflare:*', 'workerd:*'],
    alias,
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    legalComments: 'none',
    logLevel: 'warning'
  })
}

if (process.argv[1] === import.meta.filename) {
  const target = spawnSync('rustc', ['--print', 'target-libdir', '--target', 'wasm32-unknown-unknown'], { encoding: 'utf8' })
  if (target.error) fail('There is no Rust toolchain: install one with rustup (https://rustup.rs).')
  if (!existsSync(target.stdout.trim())) fail('Rust cannot compile to WebAssembly yet: rustup target add wasm32-unknown-unknown')
  run('cargo', ['run', '--quiet', '--package', 'merganser-wasm-package'])
  rmSync(join(here, 'dist'), { recursive: true, force: true })
  await bundle(join(here, 'src/worker.ts'), join(here, 'dist'), process.argv.includes('--without-ot') ? WITHOUT_OT : {})
  run('node', [join(here, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'])
  console.log('built in dist/')
}
