// A client that never shows its awareness, and then says nothing: an alarm stores its edits, though the object has been
// out of memory. Where clients show themselves no alarm is set.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as encoding from 'lib0/encoding'
import * as sync from 'y-protocols/sync'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { Client, sleep, until } from '../clients.mjs'

export const name = 'an alarm stores where no client beats'
export const hosts = ['workerd']
const SYNC = 0
const ALARM_MS = 60_000

export async function run ({ Server }) {
  const server = await new Server().start()
  const ordinary = await new Client(server, 'beats').synced()
  // A stock provider would show itself, and would begin anew after 30 s in which it hears nothing.
  const silent = new WebSocket(`${server.url}/silent`)
  const doc = new Y.Doc()
  const send = write => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, SYNC)
    write(encoder)
    silent.send(encoding.toUint8Array(encoder))
  }
  try {
    await once(silent, 'open')
    send(encoder => sync.writeSyncStep1(encoder, doc))
    doc.on('update', update => send(encoder => sync.writeUpdate(encoder, update)))
    doc.getText('text').insert(0, 'duck')
    ordinary.text.insert(0, 'duck')
    const begun = Date.now()
    await until('an alarm is set', async () => (await server.state('silent')).alarm > 0)
    const { alarm } = await server.state('silent')
    assert.ok(Math.abs(alarm - begun - ALARM_MS) < 2_000, `${alarm - begun} ms`)
    assert.equal((await server.state('beats')).alarm, null, 'where a beat is awaited there is none')
    doc.getText('text').insert(4, ' and drake')
    await sleep(50)
    await server.evict()
    assert.deepEqual((await server.state('silent')).billed, { read: 0, written: 0 })
    await sleep(alarm - Date.now())
    await until('it is stored', async () => (await server.state('silent')).billed.written > 0, 10)
    assert.equal((await server.state('silent')).alarm, null)
    assert.equal((await server.stop('SIGKILL')).signal, 'SIGKILL')
    await server.start()
    const fresh = await new Client(server, 'silent').synced()
    assert.equal(fresh.text.toString(), 'duck and drake')
    fresh.destroy()
  } finally {
    ordinary.destroy()
    silent.terminate()
    await server.remove()
  }
}
