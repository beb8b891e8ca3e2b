// What a message and a waking cost in workerd, beside an object that does nothing but pass messages on; and memory over
// many wakings. `npm run bench`; MERGANSER_TRACES names the folder of the editing-traces. Writes RESULTS.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Conversation } from './bursts.mjs'
import { LightClient } from './client.mjs'
import { documents, typing } from './documents.mjs'
import { median } from './median.mjs'
import { Process, sleep } from './process.mjs'

const here = import.meta.dirname
const HOST = join(here, '../tests/worker.ts')
const FLOOR = join(here, 'floor.js')
const ROUNDS = 5
const BURST = 4_000
const PACED = 400
const PACE_MS = 8
const WAKES = 15
const STEPS = [8, 20, 44, 80]

const shown = (values, digits = 2) => `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`

/** Processor time of a message to so many receivers: in bursts, and one by one. */
async function messages (host, receivers, joins) {
  const conversation = await Conversation.begin(host, receivers, joins, BURST * (ROUNDS + 1) + PACED)
  await conversation.say(BURST)
  const atOnce = []
  for (let round = 0; round < ROUNDS; round++) atOnce.push(await conversation.say(BURST))
  const paced = await conversation.say(PACED, PACE_MS)
  await conversation.end()
  return { atOnce, paced }
}

/** Processor time from the edit that wakes an evicted object until another client has it, and of a join, in milliseconds. */
async function wakings (host, name, update) {
  const room = encodeURIComponent(name)
  const author = await LightClient.open(host.port, room)
  const reader = await LightClient.open(host.port, room)
  author.send(update)
  await reader.until(() => reader.received > 0)
  const edits = typing(WAKES + 1)
  const wakes = []
  for (const edit of edits) {
    await host.evict()
    const heard = reader.received
    const before = host.cpuMs
    author.send(edit)
    await reader.until(() => reader.received > heard)
    wakes.push(host.cpuMs - before)
  }
  const joins = []
  for (let join = 0; join < WAKES; join++) {
    await host.evict()
    const before = host.cpuMs
    const late = await LightClient.open(host.port, room)
    joins.push(host.cpuMs - before)
    late.end()
    await sleep(30)
  }
  author.end()
  reader.end()
  await sleep(100)
  await host.restart()
  const before = host.cpuMs
  const first = await LightClient.open(host.port, room)
  const fresh = host.cpuMs - before
  first.end()
  return { bytes: update.length, wakes: wakes.slice(1), joins, fresh }
}

/** Resident memory after so many wakings of four documents in turn, in MB. */
async function memory (host, update) {
  const rooms = []
  for (let n = 0; n < 4; n++) {
    const author = await LightClient.open(host.port, `memory-${n}`)
    const reader = await LightClient.open(host.port, `memory-${n}`)
    author.send(update)
    await reader.until(() => reader.received > 0)
    rooms.push({ author, reader, edits: typing(STEPS.at(-1)).values() })
  }
  const taken = []
  for (let wake = 1; wake <= STEPS.at(-1); wake++) {
    await host.evict()
    const { author, reader, edits } = rooms[wake % 4]
    const heard = reader.received
    author.send(edits.next().value)
    await reader.until(() => reader.received > heard)
    if (STEPS.includes(wake)) taken.push(host.megabytes)
  }
  return taken
}

const lines = []
const say = line => { lines.push(line); console.log(line) }

const floor = await Process.start(FLOOR)
let host = await Process.start(HOST)
say('| small message, processor time in ms, median (spread) of ' + ROUNDS + ' bursts of ' + BURST.toLocaleString('en') + ' | this host | only passed on |')
say('|---|--:|--:|')
for (const receivers of [1, 9]) {
  const [ours, theirs] = [await messages(host, receivers, true), await messages(floor, receivers, false)]
  say(`| burst, ${receivers} receiver${receivers > 1 ? 's' : ''} | ${shown(ours.atOnce, 3)} | ${shown(theirs.atOnce, 3)} |`)
  say(`| one each ${PACE_MS} ms, ${receivers} receiver${receivers > 1 ? 's' : ''} | ${ours.paced.toFixed(3)} | ${theirs.paced.toFixed(3)} |`)
}
await floor.end()
say('')
say('| document | bytes | waking by one edit, ms | join after waking, ms | first join in a fresh process, ms |')
say('|---|--:|--:|--:|--:|')
const all = documents()
for (const [name, update] of Object.entries(all)) {
  const { bytes, wakes, joins, fresh } = await wakings(host, name, update)
  say(`| ${name} | ${bytes.toLocaleString('en')} | ${shown(wakes)} | ${shown(joins)} | ${fresh.toFixed(1)} |`)
}
await host.end()
host = await Process.start(HOST)
const taken = await memory(host, all['scattered typing (260,000)'])
await host.end()
say('')
say(`| wakings of four documents in turn | ${STEPS.join(' | ')} |`)
say(`|---|${STEPS.map(() => '--:|').join('')}`)
say(`| resident memory, MB | ${taken.map(mb => mb.toFixed(0)).join(' | ')} |`)
say('')
const engine = readFileSync(join(here, '../../../wasm/pkg/room_bg.wasm'))
say(`The engine: ${engine.length.toLocaleString('en')} bytes, ${gzipSync(engine, { level: 9 }).length.toLocaleString('en')} with gzip -9.`)
const head = `# What the Durable Object host costs in workerd

Measured by \`npm run bench\` on ${cpus().length} cores (${cpus()[0].model}). Processor time of the whole process, all
threads, as the kernel counts it. Both columns of the first table are from the same run.
`
writeFileSync(join(here, 'RESULTS.md'), `${head}\n${lines.join('\n')}\n`)
