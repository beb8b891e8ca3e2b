// The rows: what each is called, in which way it is worked on, and what comes of it. Inputs are made when a row is
// measured; updates are written by Yjs, so that all peers read the same bytes.
import * as Y from 'yjs'
import { keys, typing } from './made.mjs'
import { Replica } from './peers/yjs.mjs'
import { concurrent, sequential, updatesOf } from './traces.mjs'

const once = make => {
  let made
  return () => (made ??= make())
}

/** Rows of a document: typed, received, loaded, encoded. `make` gives the patches that make it, and the text at the end. */
function documentRows (name, make) {
  const input = once(() => {
    const { patches, end } = make()
    return { patches, end, ...received(updatesOf(patches)) }
  })
  const rows = [
    ['typed', 'typed', () => ({ patches: input().patches })],
    ['typed, each update written', 'told', () => ({ patches: input().patches })],
    ['received one by one', 'received', () => ({ updates: input().updates })],
    ['load v1 and read', 'loaded', () => ({ update: input().update })],
    ['load v2 and read', 'loadedV2', () => ({ update: input().updateV2 })],
    ['encode v1', 'encoded', () => ({ update: input().update })],
    ['encode v2', 'encodedV2', () => ({ update: input().update })]
  ]
  return rows.map(([work, way, of]) => ({ name: `${work}, ${name}`, way, input: of, expected: () => input().end }))
}

/** Updates, and the whole that they make, in both formats. */
function received (updates) {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return { updates, update: Y.encodeStateAsUpdate(doc), updateV2: Y.encodeStateAsUpdateV2(doc) }
}

function writersRows (name) {
  const input = once(() => {
    const { updates, end } = concurrent(name)
    return { end, ...received(updates) }
  })
  const expected = () => input().end
  return [
    { name: `two writers, received one by one, ${name}`, way: 'received', input: () => ({ updates: input().updates }), expected },
    { name: `two writers, load v1 and read, ${name}`, way: 'loaded', input: () => ({ update: input().update }), expected }
  ]
}

/** Rows about the updates of the first so many patches. */
function updateRows (count, patches) {
  const input = once(() => {
    const first = patches().slice(0, count)
    const updates = updatesOf(first)
    const half = Y.mergeUpdates(updates.slice(0, updates.length / 2))
    return { updates, update: Y.mergeUpdates(updates), half, vector: Y.encodeStateVectorFromUpdate(half), end: played(first) }
  })
  const expected = () => input().end
  return [
    { name: `merge ${shown(count)} updates, no document`, way: 'merged', input: () => ({ updates: input().updates }), expected },
    { name: 'difference of that', way: 'difference', input, expected },
    { name: 'state vector of that', way: 'stateVector', input: () => ({ update: input().update }), expected: () => Y.encodeStateVectorFromUpdate(input().update).join() }
  ]
}

/** What patches make, by JavaScript's own strings. */
function played (patches) {
  return patches.reduce((text, [position, deleted, inserted]) => text.slice(0, position) + inserted + text.slice(position + deleted), '')
}

function mapRows (count) {
  const update = once(() => {
    const replica = new Replica(1)
    keys(count).forEach((key, number) => replica.set(key, number))
    return replica.encode()
  })
  const expected = () => `${count} keys`
  return [
    { name: `map, ${shown(count)} keys set`, way: 'keysSet', input: () => ({ keys: keys(count) }), expected },
    { name: `map, load ${shown(count)} keys`, way: 'keysLoaded', input: () => ({ keys: keys(count), update: update() }), expected }
  ]
}

const shown = number => number.toLocaleString('en')

/** All rows; without traces only those that are made up. A quick run has less of everything, and no traces. */
export function rows (isQuick, hasTraces) {
  const keystrokes = isQuick ? 2_000 : 50_000
  const [count, isOfTrace] = [isQuick ? 1_000 : 10_000, hasTraces && !isQuick]
  const made = isAscii => once(() => typing(keystrokes, isAscii))
  const ofTraces = () => [
    ...['automerge-paper', 'sveltecomponent', 'rustcode'].flatMap(name => documentRows(name, () => sequential(name))),
    ...['friendsforever', 'clownschool'].flatMap(writersRows)
  ]
  return [
    ...isOfTrace ? ofTraces() : [],
    ...updateRows(count, isOfTrace ? () => sequential('automerge-paper').patches : () => made(true)().patches),
    ...mapRows(isQuick ? 1_000 : 100_000),
    ...documentRows('ASCII twin', made(true)),
    ...documentRows('emoji and CJK', made(false))
  ]
}
