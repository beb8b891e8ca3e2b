// Processor time of single requests of the Durable Object host in workerd: keystrokes, wakings, joins, and what is large or
// hostile. `npm run bench:requests` writes benches/results/do-requests.md; MERGANSER_TRACES names the folder of the
// editing-traces. `-- --only=ROW` prints the rows of one kind; `-- --quick` is a smoke of seconds.
import { spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { messages } from './bursts.mjs'
import { LightClient } from './client.mjs'
import { documents, pasted, typing } from './documents.mjs'
import { hostileUpdates } from './hostile.mjs'
import { mostInIsolate } from './isolate.mjs'
import { median } from './median.mjs'
import { Process, sleep } from './process.mjs'

const here = import.meta.dirname
const REPOSITORY = join(here, '../../..')
const RESULTS = join(REPOSITORY, 'benches/results/do-requests.md')
const HOST = join(here, 'metered.ts')
const isQuick = process.argv.includes('--quick')
const only = process.argv.find(argument => argument.startsWith('--only='))?.slice('--only='.length)
/** Sizes of the large documents, in millions of bytes of updates. */
const SIZES = isQuick ? [1] : [1, 10, 100]
const WAKES = isQuick ? 3 : 15
const JOINS = isQuick ? 2 : 5
const PASTES = isQuick ? 1 : 5
const HOSTILE = isQuick ? 20 : 500
const BURSTS = { rounds: isQuick ? 1 : 5, size: isQuick ? 500 : 4_000 }
const PASTED_BYTES = isQuick ? 1_000_000 : 10_000_000
/** So long nothing happens in workerd once it has done an operation, and so little processor time is nothing. */
const QUIET_MS = 30
const IDLE_MS = 0.5
/** Targets: processor time of a keystroke, and of one that wakes the object; the longest request of whatever is done. */
const TARGETS = { keystroke: 0.2, waking: 2, request: 15 }

const lines = []
const say = line => { lines.push(line); console.log(line) }
const number = value => value.toLocaleString('en')
/** Three digits that count. */
const digits = value => value >= 100 ? number(Math.round(value)) : value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)

/** How long the process has run and waited for a core in all operations, in milliseconds. */
const load = { ran: 0, waited: 0 }

/** Does something, until nothing follows from it any more: processor time, and the handlers that it called. */
async function operation (host, work) {
  await host.ask('calls')
  const [before, waited] = [host.cpuMs, host.waitedMs]
  const bytes = await work()
  for (let last = before; host.cpuMs - last > IDLE_MS;) {
    last = host.cpuMs
    await sleep(QUIET_MS)
  }
  const cpuMs = host.cpuMs - before
  load.ran += cpuMs
  load.waited += host.waitedMs - waited
  const calls = await host.ask('calls')
  const { handler, ms } = longestOf(calls)
  // By the clock it may have waited for a core; it can't have run for longer than all together.
  return { cpuMs, bytes, calls: calls.length, longest: { handler, ms: Math.min(ms, cpuMs) } }
}

function longestOf (calls) {
  return calls.reduce((longest, call) => call.ms > longest.ms ? call : longest, { handler: '', ms: 0 })
}

/**
 * A row: what was done so many times, and the target: for processor time in the median and at most, or for the longest
 * request. Where no two operations are the same, each is held against it, else the one in the middle.
 */
function report (name, document, operations, { cpuMs, mostMs = Infinity, each = false }) {
  const [cpu, longest] = [operations.map(of => of.cpuMs), operations.map(of => of.longest.ms)]
  const [slowest] = operations.map(of => of.longest).sort((a, b) => b.ms - a.ms)
  const isOfCpu = cpuMs !== undefined
  const isMet = isOfCpu ? median(cpu) <= cpuMs && Math.max(...cpu) <= mostMs : (each ? slowest.ms : median(longest)) <= TARGETS.request
  const target = isOfCpu ? `CPU ${cpuMs}${mostMs < Infinity ? `, most ${mostMs}` : ''}` : `longest ${TARGETS.request}`
  const bytes = median(operations.map(of => of.bytes ?? 0))
  say(`| ${name} | ${document} | ${operations.length} | ${digits(median(cpu))} | ${digits(Math.max(...cpu))} | ${number(median(operations.map(of => of.calls)))} ` +
    `| ${median(longest).toFixed(0)} | ${slowest.ms.toFixed(0)} ${slowest.handler} | ${bytes ? number(bytes) : ''} | ${bytes ? number(Math.round(bytes / median(cpu))) : ''} ` +
    `| ${target} | ${isMet ? 'met' : 'missed'} |`)
}

/** Keystrokes of one client, sent at once, with nine that receive them. */
async function keystrokes (host) {
  await host.ask('calls')
  const { atOnce } = await messages(host, 9, true, BURSTS)
  const calls = await host.ask('calls')
  const longest = longestOf(calls.filter(call => call.handler === 'webSocketMessage'))
  report('keystroke, warm, 10 clients, burst', 'empty', atOnce.map(cpuMs => ({ cpuMs, calls: 1, longest })), { cpuMs: TARGETS.keystroke })
}

/** Edits each of which wakes the object, until another client has it. */
async function wakes (host, room, name, target) {
  const author = await LightClient.open(host.port, room)
  const reader = await LightClient.open(host.port, room)
  const operations = []
  for (const edit of typing(WAKES + 1)) {
    await host.evict()
    const heard = reader.received
    operations.push(await operation(host, async () => {
      author.send(edit)
      await reader.until(() => reader.received > heard)
    }))
  }
  author.end()
  reader.end()
  await sleep(100)
  report('first keystroke after hibernation', name, operations.slice(1), target)
  return median(operations.slice(1).map(of => of.cpuMs))
}

/** Joins of an object that has hibernated. */
async function joins (host, name, room, title, options) {
  const operations = []
  for (let turn = 0; turn < JOINS; turn++) {
    await host.evict()
    operations.push(await operation(host, async () => {
      const client = await LightClient.open(host.port, room, options)
      client.end()
      return client.bytes
    }))
  }
  report(title, name, operations, {})
}

/** Updates that one client sends into an empty document, until another one has got them. */
async function received (host, title, name, updates) {
  const operations = []
  for (let turn = 0; turn < PASTES; turn++) {
    const room = `received-${Math.random()}`
    const author = await LightClient.open(host.port, room)
    const reader = await LightClient.open(host.port, room)
    operations.push(await operation(host, async () => {
      for (const update of updates) author.send(update)
      await reader.until(() => reader.received >= updates.length)
    }))
    author.end()
    reader.end()
    await sleep(100)
  }
  report(title, name, operations, {})
}

/** Updates of which each may close its sender's connection. */
async function hostile (host) {
  const room = 'hostile'
  const operations = []
  let refused = 0
  let client
  for (const update of hostileUpdates(HOSTILE)) {
    client = !client || client.closed ? await LightClient.open(host.port, room, { mayBeClosed: true }) : client
    const { shown } = client
    operations.push(await operation(host, async () => {
      client.send(update)
      client.beat()
      await client.until(() => client.shown > shown || client.closed)
    }))
    if (client.closed) refused++
  }
  client.end()
  report('hostile update', `${number(operations.length)} of them, ${number(refused)} refused`, operations, { each: true })
}

/** The large documents in workerd, by their size; what they are like. */
async function imported (host, folder) {
  for (const size of SIZES) {
    const path = join(folder, `${size}.mgnsr`)
    const before = host.cpuMs
    const answer = await fetch(`http://127.0.0.1:${host.port}/api/documents/${size}`, {
      method: 'PUT', body: Readable.toWeb(createReadStream(path)), headers: { 'Content-Length': statSync(path).size }, duplex: 'half'
    })
    if (!answer.ok) throw new Error(`import of ${size} MB: ${answer.status} ${await answer.text()}`)
    console.log(`imported ${size} MB: ${(host.cpuMs - before).toFixed(0)} ms of processor time, ${host.megabytes.toFixed(0)} MB resident`)
  }
}

/** Resident memory while a fresh client is sent a whole document, in a process that has done nothing else. */
async function memory (host, size) {
  await host.restart()
  const idle = host.megabytes
  host.forgetPeak()
  const client = await LightClient.open(host.port, String(size))
  const peak = host.peakMegabytes
  const { bytes } = await host.ask('instances')
  client.end()
  const engine = bytes / 2 ** 20
  const isolate = engine + await mostInIsolate(host, async () => (await LightClient.open(host.port, String(size))).end())
  say(`| ${size} MB | ${idle.toFixed(0)} | ${peak.toFixed(0)} | ${(peak - idle).toFixed(0)} | ${isolate.toFixed(1)} | ${engine.toFixed(1)} | 64 | ${peak - idle <= 64 ? 'met' : 'missed'} |`)
}

function makeDocuments (folder) {
  // Small ones are there sooner without waiting for the compiler to do its best.
  const profile = isQuick ? 'dev' : 'release'
  const { status } = spawnSync('cargo', ['run', '--profile', profile, '--quiet', '--package', 'merganser-benches', '--bin', 'documents', '--',
    folder, `--megabytes=${SIZES}`], { cwd: REPOSITORY, stdio: 'inherit' })
  if (status !== 0) throw new Error('documents could not be made')
}

const folder = mkdtempSync(join(tmpdir(), 'merganser-documents-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
makeDocuments(folder)
const read = file => readFileSync(join(folder, file))
const about = Object.fromEntries(SIZES.map(size => [size, JSON.parse(read(`${size}.json`))]))
const letters = []
for (let rest = read('one-place.updates'); rest.length > 0; rest = rest.subarray(4 + letters.at(-1).length)) {
  letters.push(rest.subarray(4, 4 + rest.readUInt32LE()))
}
const large = Object.fromEntries(SIZES.map(size => [size, `${size} MB, ${number(about[size].clients)} client ids`]))

let host = await Process.start(HOST)
say('| operation | document | n | CPU, ms | most | requests | longest, ms | most | bytes out | bytes for each ms | target | |')
say('|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|')
let waking
const rows = {
  keystroke: () => keystrokes(host),
  async wake () {
    for (const [name, update] of Object.entries(documents())) {
      const room = encodeURIComponent(name)
      const author = await LightClient.open(host.port, room)
      const reader = await LightClient.open(host.port, room)
      author.send(update)
      await reader.until(() => reader.received > 0)
      author.end()
      reader.end()
      const taken = await wakes(host, room, name, { cpuMs: TARGETS.waking })
      waking ??= taken
    }
  },
  async large () {
    await imported(host, folder)
    const target = { cpuMs: Number((2 * (waking ?? TARGETS.waking)).toFixed(1)), mostMs: TARGETS.request }
    for (const size of SIZES) await wakes(host, String(size), large[size], target)
    for (const size of SIZES) await joins(host, large[size], String(size), 'fresh client joins', {})
    for (const size of SIZES) {
      const options = { vector: read(`${size}.vector`), answer: read(`${size}.answer`) }
      await joins(host, large[size], String(size), 'client returns after 10,000 missed edits', options)
    }
  },
  paste: () => received(host, 'paste', `${number(PASTED_BYTES)} letters`, [pasted(PASTED_BYTES)]),
  tombstones: () => received(host, '1,000,000 values of 1,000 keys, in one update', 'empty', [read('tombstones.update')]),
  async place () {
    await received(host, '1,000 client ids at one place, in one update', 'empty', [read('one-place.update')])
    await received(host, '1,000 client ids at one place, 1,000 messages', 'empty', letters)
  },
  hostile: () => hostile(host),
  async memory () {
    say('')
    say('| document, joined by a fresh client | idle, MB | peak, MB | more, MB | isolate, MB | engine holds, MB | target | |')
    say('|---|--:|--:|--:|--:|--:|--:|---|')
    if (only) await imported(host, folder)
    for (const size of SIZES) await memory(host, size)
  },
  flushes () {
    say('')
    say('| document | bytes of updates | client ids | ranges of deletes | letters | rows written for each flush of 1 letter | of 20 | target |')
    say('|---|--:|--:|--:|--:|--:|--:|--:|')
    for (const size of SIZES) {
      const { bytes, clients, deleteRanges, letters, rowsPerFlush } = about[size]
      say(`| ${size} MB | ${number(bytes)} | ${number(clients)} | ${number(deleteRanges)} | ${number(letters)} | ${rowsPerFlush[1].toFixed(4)} | ${rowsPerFlush[20].toFixed(4)} | 1.02 |`)
    }
  }
}
for (const [name, measure] of Object.entries(rows)) {
  if (!only || only === name) await measure()
}
await host.end()

const head = `# Processor time of requests in the Durable Object host

\`npm run bench:requests\` in \`bindings/durable-object\`, ${cpus().length} cores (${cpus()[0].model}), ${new Date().toISOString().slice(0, 10)}. Others were at work on them: for each ms that
workerd ran, its threads waited ${(load.waited / load.ran).toFixed(2)} ms for a core.

**CPU** is what all threads of workerd take for an operation, its sockets and SQLite included, until nothing follows any more, as the
kernel counts it: the median of n and the most. A keystroke is one of bursts of ${number(BURSTS.size)}, its most that of the worst burst. **Requests** are calls of
handlers (\`bench/metered.ts\`: connection, message, timer, alarm, close); **longest** is the longest of an operation by the clock, in steps of a
millisecond but never above the CPU of all, the median and the most, and which handler that was: waiting for a core may be in it. Before each waking and each join all objects are put out
of memory, with their sockets open. "Bytes for each ms" are those sent for each ms of CPU.

Targets: a keystroke ${TARGETS.keystroke} ms; one that wakes the object ${TARGETS.waking} ms, on large documents at most twice that of the first and never over ${TARGETS.request} ms; no request over ${TARGETS.request} ms;
64 MB. Medians are held against them; of hostile updates each.

The large documents are made by \`benches/src/bin/documents.rs\`: text that was edited in sessions of 500 edits, each with a client id of its own, and with
deletes. They are imported as export files. A client that returns shows its state vector and answers with all deletes that it knows.
Hostile updates: those of \`engine/tests/conformance\`, and honest ones of it with bytes changed (\`bench/hostile.mjs\`). Memory is what is resident of the whole process, above what it has right after its
start. What counts against the 128 MB of an isolate is less: V8's heap, the buffers beside it (the most that the inspector saw, in a process of its own) and
what the engine holds. Rows for each flush are counted by the room itself.
`
if (!isQuick && !only) writeFileSync(RESULTS, `${head}\n${lines.join('\n')}\n`)
process.exit()
