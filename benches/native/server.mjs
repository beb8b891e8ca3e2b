// What the native server costs, beside `@y/websocket-server` with LevelDB: wakings, joins, what is large, and memory. `npm run
// table` writes benches/results/server.md; MERGANSER_TRACES names the folder of the editing-traces. `-- --only=ROW` prints the
// rows of one kind; `-- --quick` is a smoke of seconds.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { LightClient } from '../../bindings/durable-object/bench/client.mjs'
import { documents, pasted, scattered, typing } from '../../bindings/durable-object/bench/documents.mjs'
import { sleep } from '../../bindings/durable-object/bench/measured.mjs'
import { median } from '../../bindings/durable-object/bench/median.mjs'
import { KINDS, Server } from './servers.mjs'

const REPOSITORY = join(import.meta.dirname, '../..')
const RESULTS = join(REPOSITORY, 'benches/results/server.md')
const isQuick = process.argv.includes('--quick')
const only = process.argv.find(argument => argument.startsWith('--only='))?.slice('--only='.length)
/** Sizes of the large documents, in millions of bytes of updates; and the largest that the other server is given. */
const SIZES = isQuick ? [1] : [1, 10, 100]
const REFERENCE_MB = 10
/** With one of more than this it takes half a minute to open one: each operation is done once. */
const REFERENCE_OFTEN_MB = 1
const DOCUMENTS = isQuick ? 200 : 10_000
const CONNECTIONS = isQuick ? 200 : 10_000
const PER_DOCUMENT = 5
const MANY = isQuick ? 50 : 500
const KEYSTROKES = isQuick ? 50 : 1_000
const RECEIVERS = 9
const WAKES = isQuick ? 3 : 15
const JOINS = isQuick ? 2 : 5
const JOINERS = isQuick ? 5 : 50
const TOGETHER = isQuick ? 1 : 3
const PASTES = isQuick ? 1 : 5
const PASTED_BYTES = isQuick ? 1_000_000 : 10_000_000
/** So many documents are made or opened at a time. */
const AT_A_TIME = 50
/** After this an idle document has let go of what it keeps for a while. */
const SETTLED_MS = isQuick ? 500 : 20_000
const PACE_MS = 5

const lines = []
const say = line => { lines.push(line); console.log(line) }
const number = value => value.toLocaleString('en')
const megabytes = bytes => bytes / 2 ** 20
/** Three digits that count. */
const digits = value => value >= 100 ? number(Math.round(value)) : value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)

/** How long the servers have run and waited for a core in all operations, in milliseconds. */
const load = { ran: 0, waited: 0 }

/** Does something, until nothing follows from it any more. `work` may give what else it has seen. */
async function operation (server, work) {
  await server.quiet()
  await server.longestTurnMs()
  await server.quiet()
  server.forgetPeak()
  const [before, waited, resident, begun] = [server.cpuMs, server.waitedMs, server.megabytes, performance.now()]
  const seen = await work()
  const ms = performance.now() - begun
  await server.quiet()
  const cpuMs = server.cpuMs - before
  load.ran += cpuMs
  load.waited += server.waitedMs - waited
  const moreMb = server.peakMegabytes - resident
  return { cpuMs, ms, moreMb, turnMs: await server.longestTurnMs(), ...seen }
}

function report (title, document, server, operations) {
  const [cpu, ms, turns] = [operations.map(of => of.cpuMs), operations.map(of => of.ms), operations.map(of => of.turnMs)]
  const turn = turns.includes(undefined) ? '' : digits(Math.max(...turns))
  say(`| ${title} | ${document} | ${server.name} | ${operations.length} | ${digits(median(cpu))} | ${digits(Math.max(...cpu))} ` +
    `| ${digits(median(ms))} | ${digits(Math.max(...ms))} | ${turn} | ${digits(Math.max(0, ...operations.map(of => of.moreMb)))} |`)
}

/** Whether operations with a document of so many MB are done as often as others. */
const isOften = (server, size) => server.isOurs || size <= REFERENCE_OFTEN_MB
const turns = (server, count, size) => isOften(server, size) ? count : 1

/** Lets clients go, and waits until the server has put their documents out of memory. */
async function leave (server, ...clients) {
  for (const client of clients) client.end()
  await sleep(50)
  await server.forgetsAll()
}

/** Sends updates into a document, until another client has them all. */
async function fill (server, room, messages) {
  const reader = await LightClient.open(server.port, room)
  const author = await LightClient.open(server.port, room)
  for (const message of messages) {
    const heard = reader.received
    author.relay(message)
    await reader.until(() => reader.received > heard)
  }
  author.end()
  reader.end()
}

/** Keystrokes of one client one after the other, with nine that receive them. */
async function keystrokes (server) {
  const room = 'keystrokes'
  const author = await LightClient.open(server.port, room)
  const others = []
  for (let n = 0; n < RECEIVERS; n++) others.push(await LightClient.open(server.port, room))
  const type = async edits => {
    const latencies = []
    for (const edit of edits) {
      const heard = others.map(other => other.received)
      const begun = performance.now()
      author.send(edit)
      await Promise.all(others.map((other, at) => other.until(() => other.received > heard[at])))
      latencies.push(performance.now() - begun)
      await sleep(PACE_MS)
    }
    return latencies
  }
  const edits = typing(2 * KEYSTROKES)
  await type(edits.slice(0, KEYSTROKES))
  let latencies
  const whole = await operation(server, async () => { latencies = await type(edits.slice(KEYSTROKES)) })
  report('keystroke, 10 clients', 'empty', server, latencies.map(ms => ({ ...whole, cpuMs: whole.cpuMs / KEYSTROKES, ms })))
  await leave(server, author, ...others)
}

/** A client connects to a document that nobody has open, types and shows itself, until that comes back. */
async function wakes (server, name, rooms, count = WAKES) {
  const operations = []
  const edits = typing(count + 1)
  // The first one warms up.
  for (let turn = count > 1 ? 0 : 1; turn <= count; turn++) {
    let author
    operations.push(await operation(server, async () => {
      author = await LightClient.open(server.port, rooms[turn % rooms.length], { joins: false })
      author.send(edits[turn])
      author.beat()
      await author.until(() => author.shown > 0)
    }))
    await leave(server, author)
  }
  report('first keystroke of a document that nobody had open', name, server, operations.slice(-count))
}

/** A client joins a document that nobody has open, until it has been sent so many bytes and, by us, all of it. */
async function joins (server, title, name, room, bytes, count, options) {
  const operations = []
  for (let turn = 0; turn < count; turn++) {
    let client
    operations.push(await operation(server, async () => {
      client = await LightClient.open(server.port, room, options)
      await client.until(() => client.bytes >= bytes)
    }))
    await leave(server, client)
  }
  report(title, name, server, operations)
}

/** Many join at once a server that has just started. */
async function joinsTogether (server, name, room, bytes, count = TOGETHER) {
  await server.restart()
  const operations = []
  for (let turn = 0; turn < count; turn++) {
    let clients
    operations.push(await operation(server, async () => {
      clients = await Promise.all(Array.from({ length: JOINERS }, async () => {
        const client = await LightClient.open(server.port, room)
        await client.until(() => client.bytes >= bytes)
        return client
      }))
    }))
    await leave(server, ...clients)
  }
  report(`${JOINERS} clients join at once`, name, server, operations)
}

/** An update that one client sends into an empty document, until another one has got it. */
async function received (server, title, name, update) {
  const operations = []
  for (let turn = 0; turn < PASTES; turn++) {
    const room = `received-${Math.random()}`
    const author = await LightClient.open(server.port, room)
    const reader = await LightClient.open(server.port, room)
    operations.push(await operation(server, async () => {
      author.send(update)
      await reader.until(() => reader.received > 0)
    }))
    await leave(server, author, reader)
  }
  report(title, name, server, operations)
}

/** An update that a client sends, with so many who are sent it; in a process that has just started. */
async function passedOn (server, update) {
  await server.restart()
  const author = await LightClient.open(server.port, 'passed-on')
  const others = []
  for (let n = 1; n < JOINERS; n++) others.push(await LightClient.open(server.port, 'passed-on'))
  const before = server.megabytes
  const whole = await operation(server, async () => {
    author.send(update)
    await Promise.all(others.map(other => other.until(() => other.received > 0)))
  })
  report(`paste, passed on to ${JOINERS - 1}`, `${number(PASTED_BYTES)} letters`, server, [whole])
  kept.push([server, server.megabytes - before])
  await leave(server, author, ...others)
}

/** What a server still has of a paste that it has passed on, in MB. */
const kept = []

/** Does something with each number below `count`, some at a time. */
async function each (count, work) {
  for (let at = 0; at < count; at += AT_A_TIME) {
    await Promise.all(Array.from({ length: Math.min(AT_A_TIME, count - at) }, (_, n) => work(at + n)))
  }
}

/** Memory of documents and connections that do nothing, in a process that has just started. */
async function memory (server) {
  const row = (what, count, before) => {
    const more = server.megabytes - before
    say(`| ${what} | ${server.name} | ${number(count)} | ${digits(before)} | ${digits(server.megabytes)} | ${digits(more * 1024 / count)} |`)
  }
  const openAll = async (count, room) => {
    await server.restart()
    const clients = []
    const before = server.megabytes
    await each(count, async n => { clients.push(await LightClient.open(server.port, room(n))) })
    await sleep(SETTLED_MS)
    return { clients, before }
  }
  const leaveAll = async clients => { for (const client of clients) client.end(); await server.forgetsAll() }

  const alone = await openAll(CONNECTIONS, n => `d${n}`)
  row('document of 4 KB, with one connection', CONNECTIONS, alone.before)
  await leaveAll(alone.clients)
  row('the same, all closed', CONNECTIONS, alone.before)

  const together = await openAll(CONNECTIONS, n => `d${Math.floor(n / PER_DOCUMENT)}`)
  row(`connection, ${PER_DOCUMENT} to each of such documents`, CONNECTIONS, together.before)
  await leaveAll(together.clients)

  const joined = await openAll(MANY, () => String(SIZES[0]))
  row(`connection that has joined a document of ${SIZES[0]} MB, all to one`, MANY, joined.before)
  await leaveAll(joined.clients)

  for (const size of sizesFor(server)) {
    const { clients, before } = await openAll(1, () => String(size))
    row(`document of ${size} MB, with one connection`, 1, before)
    await leaveAll(clients)
  }
}

const folder = mkdtempSync(join(tmpdir(), 'merganser-documents-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
/** Builds both programs in one go: apart, their libraries would be compiled twice. */
function build () {
  const told = execFileSync('cargo', ['build', '--release', '--message-format=json', '--package', 'merganser-server', '--package', 'merganser-benches',
    '--bin', 'merganser', '--bin', 'documents'], { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26 })
  const programs = told.toString().trim().split('\n').map(line => JSON.parse(line)).filter(({ executable }) => executable)
  return Object.fromEntries(programs.map(({ target, executable }) => [target.name, executable]))
}

const programs = build()
execFileSync(programs.documents, [folder, `--megabytes=${SIZES}`])
const read = file => readFileSync(join(folder, file))
const about = Object.fromEntries(SIZES.map(size => [size, JSON.parse(read(`${size}.json`))]))
const large = Object.fromEntries(SIZES.map(size => [size, `${size} MB, ${number(about[size].clients)} client ids`]))
const made = Object.entries(documents())

const servers = []
for (const kind of Object.keys(KINDS)) servers.push(await Server.start(kind, programs.merganser))
const [ours] = servers
const sizesFor = server => SIZES.filter(size => server.isOurs || size <= REFERENCE_MB)

/** The large documents in all servers: the other one is sent what a joining client gets. */
async function imported () {
  for (const size of SIZES) {
    await ours.import(size, join(folder, `${size}.mgnsr`))
    if (size > REFERENCE_MB) continue
    const client = await LightClient.open(ours.port, String(size), { keeps: true })
    client.end()
    for (const server of servers.slice(1)) await fill(server, String(size), client.kept)
  }
  for (const server of servers) await server.forgetsAll()
}

/** Documents of 4 KB in all servers. */
async function stored () {
  const message = updateMessage(scattered(2_000, 8))
  for (const server of servers) {
    await each(DOCUMENTS, n => fill(server, `d${n}`, [message]))
    await server.forgetsAll()
    await server.restart()
  }
}

function updateMessage (update) {
  const bytes = [0, 2]
  let { length } = update
  for (; length > 127; length = Math.floor(length / 128)) bytes.push(length % 128 + 128)
  return Buffer.concat([Buffer.from([...bytes, length]), update])
}

say('| operation | document | server | n | CPU, ms | most | by the clock, ms | most | turns within, ms | more memory, MB |')
say('|---|---|---|--:|--:|--:|--:|--:|--:|--:|')
const rows = {
  async keystroke () {
    for (const server of servers) await keystrokes(server)
  },
  async wake () {
    for (const [name, update] of made) {
      const room = encodeURIComponent(name)
      for (const server of servers) {
        await fill(server, room, [updateMessage(update)])
        await leave(server)
        await wakes(server, name, [room])
      }
    }
  },
  async large () {
    await imported()
    for (const size of SIZES) {
      for (const server of servers.filter(of => isOften(of, size))) {
        await wakes(server, large[size], [String(size)], turns(server, WAKES, size))
      }
    }
    for (const size of SIZES) {
      for (const server of servers.filter(of => sizesFor(of).includes(size))) {
        await joins(server, 'fresh client joins', large[size], String(size), about[size].bytes / 2, turns(server, JOINS, size))
      }
    }
    for (const size of SIZES) {
      const options = { vector: read(`${size}.vector`), answer: read(`${size}.answer`) }
      for (const server of servers.filter(of => isOften(of, size))) {
        await joins(server, 'client returns after 10,000 missed edits', large[size], String(size), 20_000, turns(server, JOINS, size), options)
      }
    }
  },
  async together () {
    if (only) await imported()
    for (const [name, update] of made.slice(0, 1)) {
      const room = `together-${encodeURIComponent(name)}`
      for (const server of servers) {
        await fill(server, room, [updateMessage(update)])
        await leave(server)
        await joinsTogether(server, name, room, update.length / 2)
      }
    }
    for (const size of SIZES) {
      for (const server of servers.filter(of => sizesFor(of).includes(size))) {
        await joinsTogether(server, large[size], String(size), about[size].bytes / 2, turns(server, TOGETHER, size))
      }
    }
  },
  async paste () {
    const update = pasted(PASTED_BYTES)
    for (const server of servers) await received(server, 'paste', `${number(PASTED_BYTES)} letters`, update)
    for (const server of servers) await passedOn(server, update)
  },
  async tombstones () {
    for (const server of servers) await received(server, '1,000,000 values of 1,000 keys, in one update', 'empty', read('tombstones.update'))
  },
  async stored () {
    await stored()
    const others = Array.from({ length: WAKES + 1 }, (_, n) => `d${n * 7_919 % DOCUMENTS}`)
    for (const server of servers) {
      await wakes(server, `one of ${number(DOCUMENTS)} of 4 KB`, others)
    }
  },
  async memory () {
    if (only) { await imported(); await stored() }
    say('')
    say('| what does nothing | server | how many | before, MB | with them, MB | each, KB |')
    say('|---|---|--:|--:|--:|--:|')
    for (const server of servers) await memory(server)
    for (const [server, megabytes] of kept) say(`| ${JOINERS} connections after a paste of ${number(PASTED_BYTES)} letters, all to one document | ${server.name} | ${JOINERS} | | | ${digits(Math.max(0, megabytes) * 1024 / JOINERS)} |`)
  }
}
for (const [name, measure] of Object.entries(rows)) {
  if (!only || only === name) await measure()
}
for (const server of servers) console.log(`${server.name} has stored ${digits(megabytes(server.storedBytes))} MB`)
for (const server of servers) await server.end()

const head = `# The native server

\`npm run table\` in \`benches/native\`, ${cpus().length} cores (${cpus()[0].model}), ${new Date().toISOString().slice(0, 10)}, Node ${process.version}. Others were at work on
the machine, and the clients run on it, too: for each ms that the servers ran, their threads waited ${(load.waited / load.ran).toFixed(2)} ms for a core.

Each server is the program as it is shipped, with its database in a folder: \`merganser serve\` (release, SQLite; an edit is on the
disk before anybody else sees it) and \`${KINDS.reference.name}\` with LevelDB (\`YPERSISTENCE\`; the last version that brings it; an edit is written after it was passed on).
They take turns in one run. **CPU** is what all threads of the server take until nothing follows any more, as the kernel counts it; **by the clock** is what
clients wait: the median of n and the most. **Turns within**: a bound that no turn of a document has passed, by the
clock, so waiting for a core is in it (the highest bucket of \`merganser_turn_seconds\` in \`/metrics\`); another document is served by other threads meanwhile. **More memory** is the peak of resident memory in an operation above
what was resident before it, the most of n.

A document that nobody had open is in the database only. **First keystroke**: a client connects, types and shows itself; by the clock until that
comes back, so the edit was taken. The other server does that before it has loaded the document, and then sends the whole document to the client: there the time by the
clock has no load in it, the CPU has.
**Joins** end when a client has all (Merganser: its handshake has ended; the other one: more than half of the bytes, which come as one message).
The other server opens a document of 10 MB in 6 s to half a minute, as the machine is, so joins are done once there, and nothing else; one of 100 MB is not given to it. Large documents and what a client that returns says are those of
[do-requests.md](do-requests.md). Clients keep no document and take as fast as they can, all in one process: in the rows of ${JOINERS} they are what takes the time.

Idle memory is measured ${SETTLED_MS / 1000} s after the last client has connected, in a process that was started with what is stored.
`
if (!isQuick && !only) writeFileSync(RESULTS, `${head}\n${lines.join('\n')}\n`)
process.exit()
