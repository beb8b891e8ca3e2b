// Processor time of single requests of the Durable Object host in workerd: keystrokes, wakings, joins, and what is large or
// hostile. `npm run bench:requests` writes benches/results/do-requests.md; MERGANSER_TRACES names the folder of the
// editing-traces. `-- --only=ROW` prints the rows of one kind; `-- --quick` is a smoke of seconds,
// `-- --alone` prints all rows of our own host, in a third of the time.
import { createReadStream, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Beside } from './beside.mjs'
import { Conversation } from './bursts.mjs'
import { LightClient } from './client.mjs'
import { Contender, inTurn } from './contenders.mjs'
import { documents, pasted, typing } from './documents.mjs'
import { hostileUpdates } from './hostile.mjs'
import { mostInIsolate } from './isolate.mjs'
import { largeDocuments } from './large.mjs'
import { median } from './median.mjs'
import { digits, number } from './numbers.mjs'
import { load, longestOf, operation, unitsOf } from './operation.mjs'
import { Process, sleep } from './process.mjs'
import { ABOUT, rivals } from './rivals.mjs'

const here = import.meta.dirname
const RESULTS = join(here, '../../../benches/results/do-requests.md')
const HOST = join(here, 'metered.ts')
const FLOOR = join(here, 'floor.js')
const isQuick = process.argv.includes('--quick')
const isAlone = process.argv.includes('--alone')
const only = process.argv.find(argument => argument.startsWith('--only='))?.slice('--only='.length)
/** Sizes of the large documents, in millions of bytes of updates. */
const SIZES = isQuick ? [1] : [1, 10, 100]
const WAKES = isQuick ? 3 : 15
const JOINS = isQuick ? 2 : 5
const PASTES = isQuick ? 1 : 5
/** Operations of rivals with large documents, by their size: they take long. */
const RIVAL_TURNS = isQuick ? { 1: 1 } : { 1: 5, 10: 3, 100: 1 }
const HOSTILE = isQuick ? 20 : 500
const BURSTS = { rounds: isQuick ? 1 : 5, size: isQuick ? 500 : 4_000 }
const PASTED_BYTES = isQuick ? 1_000_000 : 10_000_000
/** Targets: processor time of a keystroke, and of one that wakes the object; the longest request of whatever is done. */
const TARGETS = { keystroke: 0.2, waking: 2, request: 15 }
/** So many times as long as this host its rivals are to take, at least. */
const KEYSTROKE_TIMES = { yjs: 2, yrs: 2 }
const YRS_TIMES = { 'automerge-paper (259,778 edits)': 10, 'scattered typing (260,000)': 40, 'random (100,000)': 100 }

const lines = []
const say = line => { lines.push(line); console.log(line) }

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
  const units = median(operations.map(of => of.units))
  const worst = operations.reduce((worst, of) => of.cpuMs > worst.cpuMs ? of : worst)
  const ofV8 = worst.v8Ms >= 1 ? ` (V8 ${digits(worst.v8Ms)})` : ''
  say(`| ${name} | ${document} | ${operations.length} | ${digits(median(cpu))} | ${digits(worst.cpuMs)}${ofV8} | ${number(units)} | ${number(median(operations.map(of => of.calls)))} ` +
    `| ${median(longest).toFixed(0)} | ${slowest.ms.toFixed(0)} ${slowest.handler} | ${bytes ? number(bytes) : ''} | ${bytes ? number(Math.round(bytes / median(cpu))) : ''} ` +
    `| ${target} | ${isMet ? 'met' : 'missed'} |`)
}

/** All hosts do the same in turn: a row of what this one did, and one beside the others. */
async function measured (title, document, turns, target, prepare, { times, omitted = 0 } = {}) {
  const all = (await inTurn(contenders, turns, prepare)).map(of => ({ ...of, results: of.results.slice(Math.min(omitted, of.results.length - 1)) }))
  report(title, document, all[0].results, target)
  beside.add(title, document, all, times)
  return median(all[0].results.map(of => of.cpuMs))
}

/** Keystrokes of one client, sent at once, with nine that receive them. */
function keystrokes () {
  const { rounds, size } = BURSTS
  const turns = { ours: rounds + 1, rivals: rounds + 1 }
  return measured('keystroke, warm, 10 clients, burst', 'empty', turns, { cpuMs: TARGETS.keystroke }, async host => {
    const conversation = await Conversation.begin(host, 9, true, size * (rounds + 1))
    return {
      async turn () {
        await host.ask('calls')
        const before = await unitsOf(host, conversation.room)
        const cpuMs = await conversation.say(size)
        const units = Math.round((await unitsOf(host, conversation.room) - before) / size)
        const calls = await host.ask('calls')
        return { cpuMs, units, calls: 1, longest: longestOf(calls.filter(call => call.handler === 'webSocketMessage')) }
      },
      end: () => conversation.end()
    }
  }, { omitted: 1, times: KEYSTROKE_TIMES })
}

/** Edits each of which wakes the object, until another client has it. */
function wakes (room, name, turns, target, times, update) {
  // The first may find the engine's code not compiled yet.
  const all = { ours: turns.ours + 1, rivals: turns.rivals > 1 ? turns.rivals + 1 : 1 }
  return measured('first keystroke after hibernation', name, all, target, async host => {
    if (update) await received(host, room, [update])
    const author = await LightClient.open(host.port, room)
    const reader = await LightClient.open(host.port, room)
    const edits = typing(all.ours).values()
    return {
      async turn () {
        await host.evict()
        const heard = reader.received
        const edit = edits.next().value
        return operation(host, async () => {
          author.send(edit)
          await reader.until(() => reader.received > heard)
        }, { room, isAsleep: true })
      },
      end: () => leave(author, reader)
    }
  }, { omitted: 1, times })
}

/** What the runtime takes by itself: a row of the same with an object that has no document and only passes messages on. */
async function floorOf (prepare) {
  await theSame('of an object that only passes it on', 'none', await Process.start(FLOOR), prepare)
}

/** A row of the same in another process, which ends with it. */
async function theSame (how, document, process, prepare) {
  const cpu = await prepare(process)
  await process.end()
  say(`| the same, ${how} | ${document} | ${cpu.length} | ${digits(median(cpu))} | ${digits(Math.max(...cpu))} | | | | | | | | |`)
}

/** The same where what comes within 20 ms is not passed on together. */
async function keystrokesEach () {
  const host = await Process.start(HOST, true, { ROOM_OPTIONS: { broadcastPauseMs: 0 } })
  await theSame('each passed on by itself (`broadcastPauseMs: 0`)', 'empty', host, host => burstsIn(host, true))
}

const floorOfKeystrokes = floor => burstsIn(floor, false)

async function burstsIn (host, joins) {
  const { rounds, size } = BURSTS
  const conversation = await Conversation.begin(host, 9, joins, size * (rounds + 1))
  const cpu = []
  for (let round = 0; round <= rounds; round++) cpu.push(await conversation.say(size))
  await conversation.end()
  return cpu.slice(1)
}

async function floorOfWakes (floor) {
  const author = await LightClient.open(floor.port, 'floor', { joins: false })
  const reader = await LightClient.open(floor.port, 'floor', { joins: false })
  const cpu = []
  for (const edit of typing(WAKES + 1)) {
    await floor.evict()
    const heard = reader.received
    const done = await operation(floor, async () => {
      author.send(edit)
      await reader.until(() => reader.received > heard)
    })
    cpu.push(done.cpuMs)
  }
  await leave(author, reader)
  return cpu.slice(1)
}

/** Joins of an object that has hibernated. */
function joins (name, room, title, turns, options) {
  return measured(title, name, turns, {}, host => ({
    async turn () {
      await host.evict()
      return operation(host, async () => {
        const client = await LightClient.open(host.port, room, options)
        client.end()
        return client.bytes
      }, { room, isAsleep: true })
    }
  }))
}

/** Updates that one client sends into an empty document, until another one has got them. */
function sent (title, name, updates) {
  return measured(title, name, { ours: PASTES, rivals: PASTES }, {}, host => ({
    turn: () => received(host, `received-${Math.random()}`, updates)
  }))
}

async function received (host, room, updates) {
  const author = await LightClient.open(host.port, room)
  const reader = await LightClient.open(host.port, room)
  const done = await operation(host, async () => {
    for (const update of updates) author.send(update)
    const shown = author.beat()
    await reader.until(() => reader.sees(shown))
  }, { room })
  await leave(author, reader)
  return done
}

async function leave (...clients) {
  for (const client of clients) client.end()
  await sleep(100)
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
    }, { room }))
    if (client.closed) refused++
  }
  client.end()
  report('hostile update', `${number(operations.length)} of them, ${number(refused)} refused`, operations, { each: true })
}

/** Gives all hosts the large documents. */
async function imported () {
  for (const { name, process, give } of contenders) {
    for (const size of SIZES) {
      const { path, file } = give(size)
      const before = process.cpuMs
      const answer = await fetch(`http://127.0.0.1:${process.port}${path}`, {
        method: 'PUT', body: Readable.toWeb(createReadStream(file)), headers: { 'Content-Length': statSync(file).size }, duplex: 'half'
      })
      if (!answer.ok) throw new Error(`${name}, import of ${size} MB: ${answer.status} ${await answer.text()}`)
      console.log(`${name} imported ${size} MB: ${(process.cpuMs - before).toFixed(0)} ms of processor time, ${process.megabytes.toFixed(0)} MB resident`)
    }
  }
}

/** Resident memory while a fresh client is sent a whole document, in a process that has done nothing else. */
async function memory (process, size) {
  await process.restart()
  const idle = process.megabytes
  process.forgetPeak()
  const client = await LightClient.open(process.port, String(size))
  const peak = process.peakMegabytes
  client.end()
  return { idle, peak, more: peak - idle }
}

const { folder, read, letters } = largeDocuments(SIZES, isQuick)
const about = Object.fromEntries(SIZES.map(size => [size, JSON.parse(read(`${size}.json`))]))
const large = Object.fromEntries(SIZES.map(size => [size, `${size} MB, ${number(about[size].clients)} client ids`]))

const host = await Process.start(HOST)
host.countsUnits = true
const contenders = [
  new Contender('this host', host, false, size => ({ path: `/api/documents/${size}`, file: join(folder, `${size}.mgnsr`) })),
  ...await rivals(isAlone ? [] : isQuick ? ['yjs'] : ['yjs', 'yrs'], size => ({ path: `/${size}`, file: join(folder, `${size}.update`) }))
]
const beside = new Beside(contenders.map(({ name }) => name), ABOUT)
say('| operation | document | n | CPU, ms | most | units | requests | longest, ms | most | bytes out | bytes for each ms | target | |')
say('|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|---|')
let waking
const rows = {
  async keystroke () {
    await keystrokes()
    await keystrokesEach()
    await floorOf(floorOfKeystrokes)
  },
  async wake () {
    for (const [name, update] of Object.entries(documents())) {
      const turns = { ours: WAKES, rivals: WAKES }
      const taken = await wakes(encodeURIComponent(name), name, turns, { cpuMs: TARGETS.waking }, { yrs: YRS_TIMES[name] }, update)
      waking ??= taken
    }
    await floorOf(floorOfWakes)
  },
  async large () {
    await imported()
    const target = { cpuMs: Number((2 * (waking ?? TARGETS.waking)).toFixed(1)), mostMs: TARGETS.request }
    const turns = (ours, size) => ({ ours, rivals: Math.min(ours, RIVAL_TURNS[size]) })
    for (const size of SIZES) await wakes(String(size), large[size], turns(WAKES, size), target)
    for (const size of SIZES) await joins(large[size], String(size), 'fresh client joins', turns(JOINS, size), {})
    for (const size of SIZES) {
      const options = { vector: read(`${size}.vector`), answer: read(`${size}.answer`) }
      await joins(large[size], String(size), 'client returns after 10,000 missed edits', turns(JOINS, size), options)
    }
  },
  paste: () => sent('paste', `${number(PASTED_BYTES)} letters`, [pasted(PASTED_BYTES)]),
  tombstones: () => sent('1,000,000 values of 1,000 keys, in one update', 'empty', [read('tombstones.update')]),
  async place () {
    await sent('1,000 client ids at one place, in one update', 'empty', [read('one-place.update')])
    await sent('1,000 client ids at one place, 1,000 messages', 'empty', letters)
  },
  hostile: () => hostile(host),
  async memory () {
    say('')
    say('| document, joined by a fresh client | idle, MB | peak, MB | more, MB | isolate, MB | engine holds, MB | target | |')
    say('|---|--:|--:|--:|--:|--:|--:|---|')
    if (only) await imported()
    for (const size of SIZES) {
      const { idle, peak, more } = await memory(host, size)
      const engine = (await host.ask('instances')).bytes / 2 ** 20
      const isolate = engine + await mostInIsolate(host, async () => (await LightClient.open(host.port, String(size))).end())
      say(`| ${size} MB | ${idle.toFixed(0)} | ${peak.toFixed(0)} | ${more.toFixed(0)} | ${isolate.toFixed(1)} | ${engine.toFixed(1)} | 64 | ${more <= 64 ? 'met' : 'missed'} |`)
      const others = []
      for (const rival of contenders.slice(1)) others.push(await rival.attempt(() => memory(rival.process, size)))
      beside.addMemory(`${size} MB`, more, others)
    }
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
for (const { process } of contenders) await process.end()
if (!isAlone) for (const line of beside.lines) say(line)

const head = `# Processor time of requests in the Durable Object host

\`npm run bench:requests\` in \`bindings/durable-object\`, ${cpus().length} cores (${cpus()[0].model}), ${new Date().toISOString().slice(0, 10)}. Others were at work on them: for each ms that
workerd ran, its threads waited ${(load.waited / load.ran).toFixed(2)} ms for a core.

**CPU** is what all threads of workerd take for an operation, its sockets and SQLite included, until nothing follows any more, as the
kernel counts it: the median of n and the most, with what V8 took of that on threads of its own, where it compiles and collects while the
program goes on. A keystroke is one of bursts of ${number(BURSTS.size)}, its most that of the worst burst; what comes within
20 ms this host passes on together, as it does unless told otherwise, the others each by itself. **Units** are those of work that the engine counted for it
(\`units.md\`). **Requests** are calls of handlers (\`bench/metered.ts\`: connection, message, timer, alarm, close); **longest** is the longest of an operation by the clock, in steps of a
millisecond but never above the CPU of all, the median and the most, and which handler that was: waiting for a core may be in it. Before each waking and each join all objects are put out
of memory, with their sockets open. "Of an object that only passes it on" (\`bench/floor.js\`): what the runtime takes by itself. "Bytes for each ms" are those sent for each ms of CPU.

Targets: a keystroke ${TARGETS.keystroke} ms; one that wakes the object ${TARGETS.waking} ms, on large documents at most twice that of the first and never over ${TARGETS.request} ms; no request over ${TARGETS.request} ms;
64 MB. Medians are held against them; of hostile updates each.

The large documents are made by \`benches/src/bin/documents.rs\`: text that was edited in sessions of 500 edits, each with a client id of its own, and with
deletes. They are imported as export files. A client that returns shows its state vector and answers with all deletes that it knows.
Hostile updates: those of \`engine/tests/conformance\`, and honest ones of it with bytes changed (\`bench/hostile.mjs\`). Memory is what is resident of the whole process, above what it has right after its
start. What counts against the 128 MB of an isolate is less: V8's heap, the buffers beside it (the most that the inspector saw, in a process of its own) and
what the engine holds. Rows for each flush are counted by the room itself.
`
if (!isQuick && !isAlone && !only) writeFileSync(RESULTS, `${head}\n${lines.join('\n')}\n`)
process.exit()
