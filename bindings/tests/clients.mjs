// Real clients: yjs documents connected through y-websocket, and what is needed to compare them.
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import WebSocket from 'ws'
import { isDeepStrictEqual } from 'node:util'

// Each provider listens for the end of the process.
process.setMaxListeners(0)

/** A seeded generator of random numbers (xorshift32); its seed is printed by `run.mjs`. */
export class Random {
  constructor (seed) { this.state = (seed >>> 0) || 1 }
  next () {
    let x = this.state
    x ^= x << 13; x ^= x >>> 17; x ^= x << 5
    this.state = x >>> 0
    return this.state
  }
  below (limit) { return this.next() % limit }
  pick (list) { return list[this.below(list.length)] }
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** Waits until `condition` holds, and says what was waited for if it does not come. */
export async function until (what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not after ${seconds} s`)
    await sleep(10)
  }
}

/** One client: a document and its connection. */
export class Client {
  constructor (server, room, options = {}) {
    this.doc = new Y.Doc()
    this.provider = new WebsocketProvider(server.url, room, this.doc, {
      WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 200, ...options
    })
  }

  get text () { return this.doc.getText('text') }
  get isSynced () { return this.provider.synced }

  async synced (seconds = 30) {
    await until('synchronised', () => this.isSynced, seconds)
    return this
  }

  /** Cuts the connection without a word; the provider comes back by itself. */
  cut () { this.provider.ws?.terminate?.() }

  destroy () {
    this.provider.destroy()
    this.doc.destroy()
  }
}

/** All that a document shows. */
export function content (doc) {
  return {
    text: doc.getText('text').toDelta(),
    list: doc.getArray('list').toJSON(),
    map: doc.getMap('map').toJSON(),
    xml: doc.getXmlFragment('xml').toString()
  }
}

/** Whether documents show the same, and have the same structs. */
export function areEqual (docs) {
  const [first, ...rest] = docs
  const shown = content(first)
  const vector = Y.encodeStateVector(first)
  return rest.every(doc => isDeepStrictEqual(content(doc), shown)) &&
    rest.every(doc => isDeepStrictEqual(Y.decodeStateVector(Y.encodeStateVector(doc)), Y.decodeStateVector(vector)))
}

const WORDS = ['a', 'merge', ' ', '\n', 'füße', '日本語', '🦆', 'e\u0301', 'typing along ']

/** One random edit of text, list, map or xml. */
export function edit (doc, random) {
  const text = doc.getText('text')
  const list = doc.getArray('list')
  const at = length => random.below(length + 1)
  switch (random.below(9)) {
    case 0: case 1: case 2:
      return text.insert(safeOffset(text, at(text.length)), random.pick(WORDS))
    case 3: {
      if (text.length === 0) return
      const from = safeOffset(text, at(text.length))
      const to = safeOffset(text, Math.min(text.length, from + 1 + random.below(8)))
      return to > from && text.delete(from, to - from)
    }
    case 4: {
      if (text.length === 0) return
      const from = safeOffset(text, at(text.length))
      const to = safeOffset(text, Math.min(text.length, from + 1 + random.below(5)))
      return to > from && text.format(from, to - from, { [random.pick(['bold', 'em'])]: random.pick([true, null]) })
    }
    case 5:
      return list.insert(at(list.length), [random.below(1000), { nested: [random.pick(WORDS), null, -0.5] }])
    case 6:
      return list.length > 0 && list.delete(random.below(list.length), 1)
    case 7:
      return doc.getMap('map').set(random.pick(['x', 'y', 'z']), random.pick([1, 'two', new Y.Map(), new Uint8Array([3])]))
    default: {
      const xml = doc.getXmlFragment('xml')
      const element = new Y.XmlElement(random.pick(['p', 'h1']))
      return random.below(3) === 0 && xml.length > 0
        ? xml.delete(random.below(xml.length), 1)
        : xml.insert(at(xml.length), [element])
    }
  }
}

/** An offset that does not lie inside a surrogate pair: there Yjs replicas differ by themselves. */
function safeOffset (text, offset) {
  const code = text.toString().charCodeAt(offset)
  const isPlain = text.toString().length === text.length
  return isPlain && code >= 0xdc00 && code <= 0xdfff ? offset - 1 : offset
}

/** The sum of all clients' clocks. */
export function clockSum (doc) {
  return [...Y.decodeStateVector(Y.encodeStateVector(doc)).values()].reduce((sum, clock) => sum + clock, 0)
}

/** Whether bringing all of `part` to `whole` changes nothing: its structs and deletes are there. `whole` may grow. */
export function contains (whole, part) {
  const before = Y.snapshot(whole)
  Y.applyUpdate(whole, Y.encodeStateAsUpdate(part))
  return Y.equalSnapshots(before, Y.snapshot(whole))
}
