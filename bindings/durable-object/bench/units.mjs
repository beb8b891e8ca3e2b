// How far a unit of a room's work is a microsecond: the engine as WebAssembly in Node, with rows in a Map, so that nothing
// but the engine is measured. `npm run bench:units` writes benches/results/units.md; MERGANSER_TRACES names the folder of
// the editing-traces. `-- --quick` is a smoke of seconds.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { create } from '../../../wasm/pkg/room.js'
import { message, NOTHING, STEP_1, STEP_2, UPDATE, varUint } from './client.mjs'
import { documents, pasted, typing } from './documents.mjs'
import { hostileUpdates } from './hostile.mjs'
import { largeDocuments } from './large.mjs'
import { median } from './median.mjs'
import { number } from './numbers.mjs'

const RESULTS = join(import.meta.dirname, '../../../benches/results/units.md')
const isQuick = process.argv.includes('--quick')
const RUNS = isQuick ? 1 : 7
const SIZES = isQuick ? [1] : [1, 10, 100]
const module = new WebAssembly.Module(readFileSync(new URL('../../../wasm/pkg/room_bg.wasm', import.meta.url)))
/** As the Durable Object has it. */
const OPTIONS = { windowMs: 20_000, messageBytes: 16 << 20, pageCacheBytes: 1 << 20, unstoredBytes: 16 << 20, rowBytes: 1_900_000, batchRows: 1_000 }

/** Calls that a room asks for within this time are made at once: it paces what it sends. */
const SOON_MS = 2_000

const EMPTY = Buffer.from([0])

/** A room whose host keeps rows in a Map and sends nobody anything. Its requests are what is measured. */
class Host {
  /** Requests: their milliseconds in the engine, and their units. */
  requests = []
  now = 0
  #callAt

  constructor (engine, rows = new Map(), options = OPTIONS) {
    Object.assign(this, { engine, rows, options, attached: new Map() })
    this.open()
  }

  open () {
    this.#callAt = undefined
    this.room?.free()
    this.request(() => { this.room = new this.engine.Room(7n, this.options) }, true)
  }

  /** A room that has left memory: what was attached to its connections brings them back. */
  wake (connections) {
    this.open()
    for (const connection of connections) this.room.resume(connection, this.attached.get(connection) ?? new Uint8Array(), this.now)
    this.#carryOut(() => {})
  }

  connect (connection) { this.request(() => this.room.connect(connection, true, this.now)) }
  receive (connection, message) { this.request(() => this.room.receive(connection, message, this.now)) }

  /** A request, and those that follow from it. */
  request (call, isFirst = false) {
    this.#measure(call, isFirst)
    while (this.#callAt !== undefined && this.#callAt <= this.now + SOON_MS) {
      this.now = Math.max(this.now, this.#callAt)
      this.#callAt = undefined
      this.#measure(() => this.room.tick(this.now))
    }
  }

  #measure (call, isFirst = false) {
    const units = isFirst ? 0 : this.room.meters().units
    let ms = 0
    const timed = part => {
      const begun = performance.now()
      const result = part()
      ms += performance.now() - begun
      return result
    }
    timed(call)
    this.#carryOut(timed)
    this.requests.push({ ms, units: this.room.meters().units - units })
  }

  #carryOut (timed) {
    const next = () => this.room.nextEffect()
    for (let effect = timed(next) ?? next(); effect; effect = timed(next) ?? next()) {
      switch (effect.kind) {
        case 'read': {
          const { token, first, last } = effect
          const rows = this.#read(first, last)
          timed(() => this.room.rows(token, rows, this.now))
          break
        }
        case 'write':
          for (const { key, bytes } of effect.rows) bytes ? this.rows.set(key, bytes.slice()) : this.rows.delete(key)
          timed(() => this.room.written(effect.token, this.now))
          break
        case 'attach': this.attached.set(effect.connection, effect.bytes); break
        case 'callAt': this.#callAt = effect.atMs
      }
    }
  }

  #read (first, last) {
    const keys = first === last ? [first] : [...this.rows.keys()].filter(key => key >= first && key <= last).sort((a, b) => a - b)
    return keys.filter(key => this.rows.has(key)).map(key => [key, this.rows.get(key).slice().buffer])
  }

  /** A client that asks for what it lacks, and answers what the room asks. */
  join (connection, vector = EMPTY, answer = NOTHING) {
    this.connect(connection)
    this.receive(connection, message(STEP_1, vector))
    this.receive(connection, message(STEP_2, answer))
  }

  end () {
    this.room.free()
    return this.requests
  }
}

function rowsOfFile (engine, file) {
  const importer = new engine.Importer(OPTIONS)
  const rows = new Map()
  const take = written => { for (const { key, bytes } of written) if (bytes) rows.set(key, bytes.slice()) }
  for (let at = 0; at < file.length; at += 1 << 18) take(importer.push(file.subarray(at, at + (1 << 18))))
  take(importer.finish())
  return rows
}

const { read, letters } = largeDocuments(SIZES, isQuick)

/** An update in which so many client ids have inserted a letter each. */
function ofClients (count) {
  const ids = [...new Set(Array.from({ length: count }, (_, at) => (Math.imul(at + 1, 0x9e3779b1) >>> 0) || 1))].sort((a, b) => b - a)
  const blocks = ids.map(id => [1, ...varUint(id), 0, 0x04, 1, 1, 0x74, 1, 0x61])
  return Buffer.from([...varUint(ids.length), ...blocks.flat(), 0])
}

/** An update of text of which every other letter is deleted. */
function ofRanges (count) {
  const text = Buffer.alloc(2 * count, 'a')
  const ranges = Array.from({ length: count }, (_, at) => [...varUint(2 * at), 1]).flat()
  return Buffer.concat([Buffer.from([1, 1, 9, 0, 0x04, 1, 1, 0x74, ...varUint(text.length)]), text, Buffer.from([1, 9, ...varUint(count)]), Buffer.from(ranges)])
}

/** Updates that one client sends into an empty document, with nine others. */
const sent = updates => engine => {
  const host = new Host(engine)
  for (let connection = 1; connection <= 10; connection++) host.join(connection)
  host.requests = []
  for (const of of updates) host.receive(1, message(UPDATE, of))
  return host.end()
}

/** A client that joins a stored document, in a room that has been opened for it. */
const joined = (size, vector, answer) => {
  let rows
  return engine => {
    rows ??= rowsOfFile(engine, read(`${size}.mgnsr`))
    const host = new Host(engine, new Map(rows))
    host.join(1, vector && read(vector), answer && read(answer))
    return host.end()
  }
}

const woken = content => engine => {
  const host = new Host(engine)
  for (const connection of [1, 2]) host.join(connection)
  host.receive(1, message(UPDATE, content))
  host.requests = []
  for (const edit of typing(50)) {
    host.wake([1, 2])
    host.receive(1, message(UPDATE, edit))
  }
  return host.end()
}

const OPEN = Buffer.from(JSON.stringify({ type: 'open', root: 't', kind: 'text', session: 'bench' }))

/** A client without an engine that opens a text, and leaves again. `rest` goes on with what it leaves behind. */
const followed = (rowsOf, rest = () => {}) => {
  let rows
  return engine => {
    rows ??= rowsOf(engine)
    const host = new Host(engine, new Map(rows), { ...OPTIONS, documentKeptMs: 0 })
    host.requests = []
    host.request(() => host.room.connectOt(1, true, host.now))
    host.receive(1, OPEN)
    if (host.room.meters().documentsBuilt !== 1) throw new Error('no document was built')
    rest(host)
    return host.end()
  }
}

/** The rows of a document that came in one update. */
const rowsOfUpdate = update => engine => {
  const host = new Host(engine)
  host.join(1)
  host.receive(1, message(UPDATE, update))
  host.request(() => host.room.flush(host.now))
  const { rows } = host
  host.end()
  return rows
}

/** Somebody edits, and the client leaves: the document is let go, with a checkpoint. */
const left = host => {
  host.join(2)
  host.receive(2, message(UPDATE, typing(1)[0]))
  host.request(() => host.room.flush(host.now))
  const { folds } = host.room.meters()
  host.requests = []
  host.request(() => host.room.disconnect(1, host.now))
  if (host.room.meters().folds === folds) throw new Error('no checkpoint was made')
}

const refused = engine => {
  const host = new Host(engine)
  hostileUpdates(500).forEach((of, at) => {
    host.join(at + 1)
    host.receive(at + 1, message(UPDATE, of))
    host.request(() => host.room.disconnect(at + 1, host.now))
  })
  return host.end()
}

const texts = documents()
const kinds = {
  'keystrokes, 10 clients': sent(typing(isQuick ? 500 : 20_000)),
  ...Object.fromEntries(Object.entries(texts).map(([name, content]) => [`${name}, one update`, sent([content])])),
  ...Object.fromEntries(Object.entries(texts).map(([name, content]) => [`${name}, woken 50 times`, woken(content)])),
  'paste of 10,000,000 letters': sent([pasted(isQuick ? 1_000_000 : 10_000_000)]),
  '1,000,000 values of 1,000 keys, one update': sent([read('tombstones.update')]),
  '1,000 client ids at one place, one update': sent([read('one-place.update')]),
  '1,000 client ids at one place, 1,000 messages': sent(letters),
  '1,400 client ids in one update': sent([ofClients(1_400)]),
  '100,000 client ids in one update': sent([ofClients(isQuick ? 10_000 : 100_000)]),
  '4,000 ranges of deletes in one update': sent([ofRanges(4_000)]),
  '500,000 ranges of deletes in one update': sent([ofRanges(isQuick ? 50_000 : 500_000)]),
  ...Object.fromEntries(SIZES.map(size => [`fresh client joins, ${size} MB`, joined(size)])),
  ...Object.fromEntries(SIZES.map(size => [`client returns after 10,000 missed edits, ${size} MB`, joined(size, `${size}.vector`, `${size}.answer`)])),
  ...Object.fromEntries(Object.entries(texts).map(([name, content]) => [`${name}, opened without an engine`, followed(rowsOfUpdate(content))])),
  'document of 1 MB, opened without an engine': followed(engine => rowsOfFile(engine, read('1.mgnsr'))),
  'document of 1 MB, its checkpoint made': followed(engine => rowsOfFile(engine, read('1.mgnsr')), left),
  '6 MB of values of 1,000 keys, opened without an engine': followed(rowsOfUpdate(read('tombstones.update'))),
  '500 hostile updates, each of a new client': refused
}

const sum = (values, of) => values.reduce((all, value) => all + value[of], 0)
const longestOf = requests => requests.reduce((longest, request) => request.ms > longest.ms ? request : longest)
const lines = []
const say = line => { lines.push(line); console.log(line) }
say('| work | requests | units | ms | µs a unit | longest request, ms | its units |')
say('|---|--:|--:|--:|--:|--:|--:|')
const rates = []
for (const [name, work] of Object.entries(kinds)) {
  const engine = create(module)
  // The engine's code is compiled by its best compiler after a while.
  work(engine)
  const runs = Array.from({ length: RUNS }, () => work(engine))
  // All runs do the same; in some of them others had the core meanwhile.
  const requests = runs[0].map(({ units }, at) => ({ units, ms: Math.min(...runs.map(run => run[at].ms)) }))
  const [units, ms, longest] = [sum(requests, 'units'), sum(requests, 'ms'), longestOf(requests)]
  rates.push(ms * 1_000 / units)
  say(`| ${name} | ${number(requests.length)} | ${number(units)} | ${ms.toFixed(1)} | ${rates.at(-1).toFixed(2)} | ${longest.ms.toFixed(1)} | ${number(longest.units)} |`)
}
const sorted = rates.toSorted((a, b) => a - b)
say('')
say(`A unit took ${sorted[0].toFixed(2)} to ${sorted.at(-1).toFixed(2)} µs, ${median(sorted).toFixed(2)} in the row in the middle.`)

const head = `# How far a unit of work is a microsecond

\`npm run bench:units\` in \`bindings/durable-object\`, Node ${process.version}, ${cpus()[0].model}, ${new Date().toISOString().slice(0, 10)}.

A room counts its work in units (\`engine/src/sync/turn.rs\`) and stops a request after 5,000 of them. Here the engine runs as
WebAssembly in Node with its rows in memory; what is measured is the time that each request spends in it: calls of the room, and effects
taken out of it. The store and the sockets are not in it. That of a request is the least of ${RUNS} runs, after one that is not counted: so
garbage that V8 collects now and then is not in it. To open a room costs no units.
`
if (!isQuick) writeFileSync(RESULTS, `${head}\n${lines.join('\n')}\n`)
