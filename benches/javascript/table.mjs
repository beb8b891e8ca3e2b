// The engine as WebAssembly beside Yjs and ywasm, in Node and in workerd: writes `../results/wasm.md`. `npm run build` in
// `wasm/` comes first; `MERGANSER_TRACES` names the folder of the editing traces.
//
// `npm run table`; `-- --quick` does little of everything and writes nothing, `-- --only=WORDS` only rows with these words.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildOf, machine } from './build.mjs'
import { inNode } from './hosts/node.mjs'
import { inWorkerd, version } from './hosts/workerd.mjs'
import { cell, measured, started } from './measure.mjs'
import { rows } from './rows.mjs'

const isQuick = process.argv.includes('--quick')
const only = process.argv.find(argument => argument.startsWith('--only='))?.slice('--only='.length)
const hasTraces = process.env.MERGANSER_TRACES !== undefined
if (!hasTraces && !isQuick) console.log('SKIPPED: MERGANSER_TRACES names no folder, so there are no rows of traces')

const PEERS = ['merganser', 'yjs', 'ywasm']
const packageFolder = join(import.meta.dirname, '../../wasm/pkg')
const hosts = await started([
  ...PEERS.map(peer => inNode(peer, packageFolder)),
  ...await Promise.all(PEERS.map(peer => inWorkerd(peer, packageFolder)))
])

const lines = []
const say = line => { lines.push(line); console.log(line) }
say('| work | Merganser, Node | Yjs, Node | ywasm, Node | Merganser, workerd | Yjs, workerd | ywasm, workerd |')
say('|---|--:|--:|--:|--:|--:|--:|')
try {
  for (const row of rows(isQuick, hasTraces).filter(({ name }) => name.includes(only ?? ''))) {
    const figures = await measured(row, hosts, { isQuick })
    const cells = figures.map((figure, column) => PEERS[column % 3] === 'merganser' ? `**${cell(figure)}**` : cell(figure))
    say(`| ${row.name} | ${cells.join(' | ')} |`)
  }
} finally {
  for (const host of hosts) await host.end()
}

if (!isQuick && only === undefined) {
  const head = `# Times in WebAssembly

Written by \`npm run table\` in \`benches/javascript\`. Every edit is a call from JavaScript, in a transaction of its own. Processor
time in milliseconds for the whole row, with what the garbage collector and the compiler take: of all threads of the
process, as the kernel counts it, because clocks stand still in workerd while a request is answered. What an empty request takes
is taken off. Each peer has a process of its own in each host, and all take turns; a cell has the least of up to 15 turns, and
in brackets the median and the most; one number alone is a single turn of a peer that takes seconds. Short work is repeated
within a turn. What takes more than 30 s is stopped. Outcomes are checked. An empty cell: the peer can't do it.

All read the same updates, which Yjs wrote. *Typed*: nobody asks for the edits' updates; ours writes them all the same. Ours can
do no formats, XML, undo or awareness from JavaScript yet, so there are no such rows. *Load* includes reading the text.

merganser ${buildOf(packageFolder)}; yjs ${version('yjs')}; ywasm ${version('ywasm')} (yrs). Node ${process.versions.node}, workerd ${version('workerd')}.

${machine()}

`
  writeFileSync(join(import.meta.dirname, '../results/wasm.md'), `${head}${lines.join('\n')}\n`)
}
