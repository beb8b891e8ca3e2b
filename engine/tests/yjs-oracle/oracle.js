// Real Yjs documents, driven by JSON lines: one request a line on stdin, one answer a line on stdout.
// Requests: reset; open {client, gc, undoes}; edit {doc, seed, how: {splits, narrow}}; apply {doc, update, origin?}; state {doc};
// encode {doc, vector, format}; load {update, gc}; merge {updates}; cut {update, vector}; formats {updates, vector, options};
// undo {doc, call: 'undo' | 'redo' | 'stopCapturing' | 'clear'}: `undoes` of open may hold options of the UndoManager;
// positions {doc, make, find, follows?}; snapshot {doc}; at {doc, snapshot, previous}; restored {doc, snapshot}; contains {snapshot, updates};
// read {doc, from, to, name}; keyOrders {updates, gc}; write {doc, ops, origin?};
// observe {doc}: begins a log of all callbacks; log {doc}: takes what it holds; load_subdoc {doc, guid};
// users {doc, add?: [user, client], clients, ids}; deltas {cases}: see deltas.js. Bytes are base64. Values are written as the conformance cases write them.

import * as readline from 'node:readline'
import * as Y from 'yjs'
import { shown } from './shown.js'
import { edit } from './edit.js'
import { at, contains, restored, snapshot } from './history.js'
import { findPositions, makePositions } from './positions.js'
import { keyOrders, read } from './read.js'
import { users } from './users.js'
import { deltas } from './deltas.js'
import { load, observe } from './observe.js'
import { write } from './write.js'

// stdout is for answers.
console.log = console.error

let docs = []

const ROOTS = {
  t: doc => doc.getText('t'),
  l: doc => doc.getArray('l'),
  m: doc => doc.getMap('m'),
  x: doc => doc.getXmlFragment('x'),
  e: doc => doc.get('e', Y.XmlElement),
  r: doc => doc.get('r', Y.XmlText)
}

const toBytes = text => new Uint8Array(Buffer.from(text, 'base64'))
const toText = bytes => Buffer.from(bytes).toString('base64')

const openUndo = (roots, { scope = Object.keys(ROOTS), tracked = [null], ...options }) => {
  const trackedOrigins = new Set(tracked)
  return new Y.UndoManager(scope.map(name => roots[name]), { captureTimeout: 0, trackedOrigins, ...options })
}

// A document that gathers what it authors: edits, and the clean-up of formats after remote transactions.
const open = (client, gc, undoes) => {
  const doc = new Y.Doc({ gc })
  doc.clientID = client
  const roots = Object.fromEntries(Object.entries(ROOTS).map(([name, root]) => [name, root(doc)]))
  const authored = []
  doc.on('update', (update, _origin, _doc, transaction) => {
    if (transaction.local) authored.push(toText(update))
  })
  const undo = undoes ? openUndo(roots, undoes === true ? {} : undoes) : null
  return { doc, roots, authored, undo }
}

const takeAuthored = ({ authored }) => authored.splice(0)

const ids = set => [...set.clients.entries()]
  .filter(([, ranges]) => ranges.length > 0)
  .sort(([a], [b]) => a - b)
  .map(([client, ranges]) => [client, ranges.map(range => [range.clock, range.len])])

const state = ({ doc, roots }) => ({
  trees: Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, shown(root)])),
  texts: roots.t.toString(),
  vector: toText(Y.encodeStateVector(doc)),
  deletes: ids(Y.createDeleteSetFromStructStore(doc.store)),
  subdocs: [...doc.getSubdocGuids()].sort(),
  pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
  update: toText(Y.encodeStateAsUpdate(doc))
})

const ACTIONS = {
  reset: () => {
    docs.forEach(({ doc }) => doc.destroy())
    docs = []
    return {}
  },
  open: ({ client, gc, undoes }) => ({ doc: docs.push(open(client, gc, undoes)) - 1 }),
  edit: ({ doc, seed, how }) => {
    edit(docs[doc], seed, how)
    return { authored: takeAuthored(docs[doc]) }
  },
  apply: ({ doc, update, origin, format = 1 }) => {
    const apply = format === 2 ? Y.applyUpdateV2 : Y.applyUpdate
    apply(docs[doc].doc, toBytes(update), origin)
    return { authored: takeAuthored(docs[doc]) }
  },
  undo: ({ doc, call }) => {
    const { undo } = docs[doc]
    const did = (undo[call]() ?? null) !== null
    return { did, stacks: [undo.undoStack.length, undo.redoStack.length], authored: takeAuthored(docs[doc]) }
  },
  state: ({ doc }) => state(docs[doc]),
  encode: ({ doc, vector, format = 1 }) => {
    const encode = format === 2 ? Y.encodeStateAsUpdateV2 : Y.encodeStateAsUpdate
    return { update: toText(encode(docs[doc].doc, toBytes(vector))) }
  },
  formats: ({ updates, vector, options }) => {
    const converted = updates.map(toBytes).map(Y.convertUpdateFormatV1ToV2)
    const merged = Y.mergeUpdatesV2(converted)
    return {
      converted: converted.map(toText),
      merged: toText(merged),
      back: toText(Y.convertUpdateFormatV2ToV1(merged)),
      cut: toText(Y.diffUpdateV2(merged, toBytes(vector))),
      vector: toText(Y.encodeStateVectorFromUpdateV2(merged)),
      obfuscated: toText(Y.obfuscateUpdate(Y.convertUpdateFormatV2ToV1(merged), options)),
      obfuscatedV2: toText(Y.obfuscateUpdateV2(merged, options))
    }
  },
  load: ({ update, gc }) => {
    const loaded = open(2 ** 50 + 7, gc, false)
    Y.applyUpdate(loaded.doc, toBytes(update))
    return { ...state(loaded), authored: takeAuthored(loaded) }
  },
  positions: ({ doc, make, find, follows = true }) => ({
    made: makePositions(docs[doc], make),
    found: findPositions(docs[doc], find, follows)
  }),
  snapshot: ({ doc }) => snapshot(docs[doc].doc),
  at: request => at(docs[request.doc], request),
  restored: request => restored(docs[request.doc].doc, ROOTS, request),
  contains,
  users: request => users(docs[request.doc], request),
  deltas: ({ cases }) => ({ answers: deltas(cases) }),
  keyOrders: ({ updates, gc }) => {
    const { doc, roots } = open(3, gc, false)
    return keyOrders(roots, updates, update => Y.applyUpdate(doc, toBytes(update)))
  },
  observe: ({ doc }) => {
    docs[doc].log = observe(docs[doc])
    return {}
  },
  log: ({ doc }) => ({ log: docs[doc].log.splice(0) }),
  load_subdoc: ({ doc, guid }) => {
    load(docs[doc], guid)
    return {}
  },
  write: ({ doc, ops, origin = null }) => {
    write(docs[doc], ops, origin)
    return { authored: takeAuthored(docs[doc]) }
  },
  read: request => read(docs[request.doc].roots, request),
  merge: ({ updates }) => ({ update: toText(Y.mergeUpdates(updates.map(toBytes))) }),
  cut: ({ update, vector }) => ({
    update: toText(Y.diffUpdate(toBytes(update), toBytes(vector))),
    vector: toText(Y.encodeStateVectorFromUpdate(toBytes(update)))
  })
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  let answer
  try {
    answer = await ACTIONS[request.do](request)
  } catch (error) {
    answer = { error: String(error.stack) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
