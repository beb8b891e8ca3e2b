// The editing traces, from the folder that `MERGANSER_TRACES` names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Replica } from './peers/yjs.mjs'

const read = (kind, name) => JSON.parse(gunzipSync(readFileSync(join(process.env.MERGANSER_TRACES, kind, `${name}.json.gz`))))

/** A trace of one writer: patches of position, deleted units and inserted text, and the text at the end. */
export function sequential (name) {
  const { txns, endContent } = read('sequential', name)
  return { patches: txns.flatMap(({ patches }) => patches), end: endContent }
}

/** The update of each edit, as Yjs writes it. */
export function updatesOf (patches, writer = 1) {
  const replica = new Replica(writer, true)
  return patches.flatMap(patch => told(replica, patch))
}

/** A patch is up to two edits, each of which is told of. */
function told (replica, [position, deleted, inserted]) {
  const updates = []
  if (deleted > 0) updates.push(replica.delete(position, deleted))
  if (inserted !== '') updates.push(replica.insert(position, inserted))
  return updates
}

/** A trace of several writers: the updates in the trace's order, each written by who knew what its parents are, and the text at the end. */
export function concurrent (name) {
  const { txns, endContent, numAgents } = read('concurrent', name)
  const writers = Array.from({ length: numAgents }, (_, agent) => ({ replica: new Replica(agent + 1, true), known: new Set() }))
  const sent = []
  txns.forEach(({ parents, agent, patches }, index) => {
    const { replica, known } = writers[agent]
    for (const missing of missingOf(txns, parents, known)) {
      for (const update of sent[missing]) replica.apply(update)
      known.add(missing)
    }
    sent.push(patches.flatMap(patch => told(replica, patch)))
    known.add(index)
  })
  return { updates: sent.flat(), end: endContent }
}

/** What is not known yet of some transactions and all before them, in order. */
function missingOf (transactions, parents, known) {
  const missing = new Set()
  const open = [...parents]
  while (open.length > 0) {
    const index = open.pop()
    if (known.has(index) || missing.has(index)) continue
    missing.add(index)
    open.push(...transactions[index].parents)
  }
  return [...missing].sort((a, b) => a - b)
}
