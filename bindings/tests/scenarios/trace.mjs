// The automerge-paper trace, typed by one client and read by another while it is typed, and by one that joins later.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { join } from 'node:path'
import { Client, sleep, until } from '../clients.mjs'
import { Skipped } from '../skipped.mjs'

export const name = 'automerge-paper typed by one client, read by others'
const PART = 20_000
const MOST_BUFFERED_BYTES = 64 << 10

export async function run ({ Server, long }) {
  const folder = process.env.MERGANSER_TRACES
  const file = folder && ['', 'sequential'].map(under => join(folder, under, 'automerge-paper.json.gz')).find(existsSync)
  if (!file) throw new Skipped('MERGANSER_TRACES names no folder with automerge-paper.json.gz in it')
  const trace = JSON.parse(gunzipSync(readFileSync(file)))
  const transactions = long ? trace.txns : trace.txns.slice(0, PART)
  const server = await new Server().start()
  const [typist, reader] = await Promise.all([1, 2].map(() => new Client(server, 'paper').synced()))
  try {
    const started = Date.now()
    for (const [number, transaction] of transactions.entries()) {
      typist.doc.transact(() => transaction.patches.forEach(([position, deleted, inserted]) => {
        if (deleted > 0) typist.text.delete(position, deleted)
        if (inserted !== '') typist.text.insert(position, inserted)
      }))
      if (number % 50 === 0) {
        do await sleep(0); while (typist.provider.ws?.bufferedAmount > MOST_BUFFERED_BYTES)
      }
    }
    const expected = long ? trace.endContent : typist.text.toString()
    assert.equal(typist.text.toString(), expected, 'what was typed is the trace')
    await until('the reader has all', () => reader.text.length === expected.length && reader.text.toString() === expected, 300)
    const seconds = (Date.now() - started) / 1000
    typist.destroy()
    reader.destroy()
    await server.forgotten()
    const join = Date.now()
    const late = await new Client(server, 'paper').synced()
    assert.equal(late.text.toString(), expected, 'a late joiner reads the same')
    const joined = Date.now() - join
    late.destroy()
    return `${transactions.length} transactions in ${seconds.toFixed(1)} s, late join ${joined} ms`
  } finally {
    typist.destroy()
    reader.destroy()
    await server.remove()
  }
}
