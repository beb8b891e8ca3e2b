// Size against speed: the engine built in several ways, five rows of work in Node by each. Writes `../results/wasm-builds.md`.
// Needs what the package's build needs, and `MERGANSER_TRACES`, the folder of the editing traces.
//
// `npm run builds`; `-- --folder=FOLDER` keeps the builds there, and builds only those that are missing.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipped, machine } from './build.mjs'
import { inNode } from './hosts/node.mjs'
import { cell, measured, started } from './measure.mjs'
import { rows } from './rows.mjs'

const WORK = ['typed, automerge-paper', 'received one by one, automerge-paper', 'load v1 and read, automerge-paper', 'encode v1, automerge-paper', 'map, 100,000 keys set']
const SIMD = '-C target-feature=+simd128'
const BUILDS = ['z', 's', '3'].flatMap(level => [
  { name: `opt-level ${level}`, level, flags: '' },
  { name: `opt-level ${level}, SIMD`, level, flags: SIMD }
])

const root = join(import.meta.dirname, '../..')
const given = process.argv.find(argument => argument.startsWith('--folder='))?.slice('--folder='.length)
const folder = given === undefined ? mkdtempSync(join(tmpdir(), 'merganser-builds-')) : resolve(given)

/** Builds the module of replicas into a folder, and gives it. */
function build ({ name, level, flags }) {
  const into = join(folder, name.replaceAll(/\W+/g, '-'))
  if (existsSync(join(into, 'merganser_bg.wasm'))) return into
  const env = { ...process.env, CARGO_PROFILE_WASM_REPLICA_OPT_LEVEL: level, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: flags }
  const { status } = spawnSync('cargo', ['run', '--quiet', '--package', 'merganser-wasm-package', '--', 'replica', into], { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${name} could not be built`)
  return into
}

const builds = BUILDS.map(of => ({ name: of.name, folder: build(of) }))
const hosts = await started(builds.map(({ folder }) => inNode('merganser', folder)))
const columns = []
try {
  for (const name of WORK) {
    console.log(name)
    columns.push(await measured(rows(false, true).find(row => row.name === name), hosts))
  }
} finally {
  for (const host of hosts) await host.end()
}
const lines = builds.map(({ name, folder }, index) => {
  const size = readFileSync(join(folder, 'merganser_bg.wasm')).length
  return `| ${name} | ${size.toLocaleString('en')} | ${gzipped(folder).toLocaleString('en')} | ${columns.map(cells => cell(cells[index])).join(' | ')} |`
})
const text = `# Builds for WebAssembly: size against speed

Written by \`npm run builds\` in \`benches/javascript\`. The module of replicas, and milliseconds of processor time in Node
${process.versions.node} as in [wasm.md](wasm.md), all builds in turns. All have fat LTO, one codegen unit and \`panic = "abort"\`. Bulk memory
is on in all: the compiler's standard library has it.

${machine()}

| build | bytes | with gzip -9 | ${WORK.join(' | ')} |
|---|--:|--:|${WORK.map(() => '--:|').join('')}
${lines.join('\n')}
`
console.log(text)
writeFileSync(join(import.meta.dirname, '../results/wasm-builds.md'), text)
