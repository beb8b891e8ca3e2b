// A client that never shows its awareness, and then says nothing: an alarm stores its edits, though the object has been
// out of memory. Where clients show themselves no alarm is set.
import assert from 'node:assert/strict'
import { Client, sleep, until } from '../clients.mjs'

export const name = 'an alarm stores where no client beats'
export const hosts = ['workerd']
const ALARM_MS = 60_000

export async function run ({ Server }) {
  const server = await new Server().start()
  const ordinary = await new Client(server, 'beats').synced()
  const silent = new Client(server, 'silent')
  silent.provider.awareness.setLocalState(null)
  await silent.synced()
  // A stock provider shows itself when it connects, if it has anything to show; this one has not.
  try {
    silent.text.insert(0, 'duck')
    ordinary.text.insert(0, 'duck')
    const begun = Date.now()
    await until('it is attached', async () => (await server.state('silent')).alarm > 0)
    assert.equal((await server.state('beats')).alarm, null, 'the beat is awaited')
    const { alarm } = await server.state('silent')
    assert.ok(Math.abs(alarm - begun - ALARM_MS) < 2_000, `${alarm - begun} ms`)
    await server.evict()
    await sleep(alarm - Date.now())
    await until('it is stored', async () => (await server.state('silent')).billed.written > 0, 10)
    silent.provider.disconnect()
    const fresh = await new Client(server, 'silent').synced()
    assert.equal(fresh.text.toString(), 'duck')
    fresh.destroy()
  } finally {
    ordinary.destroy()
    silent.destroy()
    await server.remove()
  }
}
