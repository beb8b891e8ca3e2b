// Yjs in the rows about shared types and maps, for `../src/bin/yjs.rs`: answers each line of JSON on stdin by one. Times are
// processor time of all threads, in milliseconds.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'

/** A turn takes at least so long: short work is done several times, each time on a document of its own. */
const TURN_MS = 20
const MOST_CALLS = 50

class Replica {
  constructor (updates) {
    this.doc = new Y.Doc()
    // What is loaded was written by client 1.
    this.doc.clientID = updates.length > 0 ? 2 : 1
    this.text = this.doc.getText('text')
    this.array = this.doc.getArray('array')
    this.fragment = this.doc.getXmlFragment('xml')
    this.map = this.doc.getMap('map')
    for (const update of updates) Y.applyUpdate(this.doc, update)
  }

  /** All that it holds. */
  content () {
    return [this.text.toDelta(), this.array.toArray(), this.fragment.toString(), this.map.toJSON()]
  }
}

const attributes = (key, value) => ({ [key]: value === '' ? null : value })
const loaded = updates => new Replica(updates)
const empty = () => new Replica([])

function type (replica, count) {
  replica.undo = new Y.UndoManager(replica.text, { captureTimeout: 0 })
  for (let step = 0; step < count; step++) replica.text.insert(step, 'd')
}

function all (replica, step, count) {
  let done = 0
  while (replica.undo[step]()) done++
  if (done !== count) throw new Error(`${done} steps instead of ${count}`)
}

/** What is done in a row: what it begins with, and what is measured. */
const ways = {
  applyDelta: {
    begin: ({ runs }) => ({ replica: empty(), delta: runs.map(([insert, formats]) => formats.length > 0 ? { insert, attributes: Object.fromEntries(formats) } : { insert }) }),
    run: ({ replica, delta }) => { replica.text.applyDelta(delta) }
  },
  toDelta: { begin: ({ updates }) => ({ replica: loaded(updates) }), run: ({ replica }) => { replica.text.toDelta() } },
  load: { begin: () => ({}), run: (begun, { updates }) => { begun.replica = loaded(updates) } },
  loadXml: {
    begin: () => ({}),
    run: (begun, { updates }) => {
      begun.replica = loaded(updates)
      begun.replica.fragment.toString()
    }
  },
  encode: {
    begin: ({ updates }) => ({ replica: loaded(updates) }),
    run: begun => { begun.bytes = Y.encodeStateAsUpdate(begun.replica.doc) },
    end: begun => { begun.replica = loaded([begun.bytes]) }
  },
  format: {
    begin: ({ updates }) => ({ replica: loaded(updates) }),
    run: ({ replica }, { formats }) => {
      for (const [at, length, key, value] of formats) replica.text.format(at, length, attributes(key, value))
    }
  },
  insertFormatted: {
    begin: ({ updates }) => ({ replica: loaded(updates) }),
    run: ({ replica }, { formats }) => {
      for (const [at, , key, value] of formats) replica.text.insert(at, 'duck', attributes(key, value))
    }
  },
  edit: {
    begin: ({ updates }) => ({ replica: loaded(updates) }),
    run: ({ replica }, { formats }) => {
      for (const [at] of formats) replica.text.applyDelta([{ retain: at }, { insert: 'duck' }, { delete: 1 }])
    }
  },
  insertNumbers: {
    begin: () => ({ replica: empty() }),
    run: ({ replica }, { places }) => places.forEach((at, number) => replica.array.insert(at, [number]))
  },
  appendParagraphs: {
    begin: () => ({ replica: empty() }),
    run: ({ replica: { doc, fragment } }, { count }) => {
      for (let number = 0; number < count; number++) {
        doc.transact(() => {
          const paragraph = new Y.XmlElement('p')
          paragraph.setAttribute('class', 'duck')
          paragraph.insert(0, [new Y.XmlText(`duck ${number}`)])
          fragment.push([paragraph])
        })
      }
    }
  },
  typeSteps: { begin: () => ({ replica: empty() }), run: ({ replica }, { count }) => type(replica, count) },
  undo: {
    begin: ({ count }) => {
      const replica = empty()
      type(replica, count)
      return { replica }
    },
    run: ({ replica }, { count }) => all(replica, 'undo', count)
  },
  redo: {
    begin: ({ count }) => {
      const replica = empty()
      type(replica, count)
      all(replica, 'undo', count)
      return { replica }
    },
    run: ({ replica }, { count }) => all(replica, 'redo', count)
  },
  set: {
    begin: () => ({ replica: empty() }),
    run: ({ replica }, { keys }) => keys.forEach((key, number) => replica.map.set(key, number))
  },
  awareness: {
    begin: () => {
      const replica = empty()
      return { replica, awareness: new Awareness(replica.doc) }
    },
    run: (begun, { updates }) => {
      for (const update of updates) applyAwarenessUpdate(begun.awareness, update, undefined)
      begun.bytes = encodeAwarenessUpdate(begun.awareness, [...begun.awareness.getStates().keys()])
    },
    end: ({ awareness, bytes }, { count }) => {
      const newcomer = new Awareness(new Y.Doc())
      applyAwarenessUpdate(newcomer, bytes, undefined)
      for (const client of [awareness.clientID, newcomer.clientID]) newcomer.states.delete(client)
      if (newcomer.states.size !== count) throw new Error(`${newcomer.states.size} clients instead of ${count}`)
      for (const of of [awareness, newcomer]) of.destroy()
    }
  }
}

let row
let calls

/** Does the work so often, each time on what it begins with; milliseconds for one. */
function turn () {
  const { begin, run } = ways[row.way]
  let begun = Array.from({ length: calls }, () => begin(row))
  globalThis.gc()
  const before = process.cpuUsage()
  for (const one of begun) run(one, row)
  const { user, system } = process.cpuUsage(before)
  const last = begun.at(-1)
  for (const one of begun) if (one !== last) one.awareness?.destroy()
  begun = undefined
  return { last, ms: (user + system) / 1_000 / calls }
}

/** A turn of which only the time is asked. */
function time () {
  const { last, ms } = turn()
  // Its clock would keep Node alive.
  last.awareness?.destroy()
  return ms
}

/** Takes a row in, does it once, and compares what came of it with what this engine made. */
function take (given) {
  const bytes = list => Uint8Array.from(list)
  row = { ...given, updates: given.updates.map(bytes), expected: bytes(given.expected) }
  calls = 1
  const { last } = turn()
  ways[row.way].end?.(last, row)
  const expected = row.expected.length > 0 ? loaded([row.expected]) : empty()
  if (!isDeepStrictEqual(last.replica.content(), expected.content())) throw new Error(`${row.way}: another outcome`)
  // Again, after the compiler had a look at it.
  const ms = time()
  calls = Math.min(MOST_CALLS, Math.max(1, Math.ceil(TURN_MS / Math.max(ms, 0.01))))
  return ms * calls
}

const version = name => JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`${name}/package.json`), 'utf8')).version

function answer (question) {
  if (question === 'versions') return `yjs ${version('yjs')}, y-protocols ${version('y-protocols')}, Node ${process.versions.node}`
  if (question === 'turn') return time()
  return take(question.row)
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(answer(JSON.parse(line))))
