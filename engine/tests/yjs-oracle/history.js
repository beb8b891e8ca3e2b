// Snapshots: taken, and what documents held at them.

import * as Y from 'yjs'
import { reachable } from './paths.js'
import { shown, shownDelta } from './shown.js'

const toBytes = text => new Uint8Array(Buffer.from(text, 'base64'))
const toText = bytes => Buffer.from(bytes).toString('base64')
const read = text => text === null ? undefined : Y.decodeSnapshot(toBytes(text))

export const snapshot = doc => {
  const taken = Y.snapshot(doc)
  return { v1: toText(Y.encodeSnapshot(taken)), v2: toText(Y.encodeSnapshotV2(taken)) }
}

// Entries without a value are left out: that is how collected ones read.
const entries = (type, snapshot, gc) => {
  const all = Object.entries(Y.typeMapGetAllSnapshot(type, snapshot))
  const kept = gc ? all.filter(([, value]) => value !== undefined) : all
  return Object.fromEntries(kept.map(([key, value]) => [key, shown(value)]))
}

// Every type that can be reached now: its elements, entries or delta at the snapshot.
export const at = ({ doc, roots }, request) => {
  const [snapshot, previous] = [read(request.snapshot), read(request.previous)]
  return doc.transact(() => {
    // Cuts the items where the snapshots end, until the transaction ends.
    roots.t.toDelta(snapshot, previous)
    return {
      types: reachable(roots).map(([path, type]) => {
        const held = { path }
        if (type instanceof Y.Text) held.delta = shownDelta(type.toDelta(snapshot, previous))
        else if (!(type instanceof Y.Map) && snapshot) held.list = Y.typeListToArraySnapshot(type, snapshot).map(shown)
        if (!(type instanceof Y.Text) && snapshot) held.entries = entries(type, snapshot, doc.gc)
        return held
      })
    }
  })
}

export const restored = (doc, roots, request) => {
  const then = Y.createDocFromSnapshot(doc, read(request.snapshot), new Y.Doc({ gc: false }))
  return { trees: Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, shown(root(then))])) }
}

export const contains = ({ snapshot, updates }) => ({
  contains: updates.map(update => Y.snapshotContainsUpdate(read(snapshot), toBytes(update)))
})
