// Nothing keeps an object in memory while nobody speaks: after some seconds it is gone by itself, its sockets are not, and
// the next edit goes on from what was attached.
import assert from 'node:assert/strict'
import { Client, areEqual, sleep, until } from '../clients.mjs'

export const name = 'an object hibernates by itself'
export const hosts = ['workerd']
const ROOM = 'sleepy'
/** workerd waits 10 s; a stock client shows itself again after 15 s. */
const SILENCE_MS = 12_000

export async function run ({ Server }) {
  const server = await new Server().start()
  const clients = await Promise.all([1, 2].map(() => new Client(server, ROOM).synced()))
  const [author, reader] = clients
  try {
    author.text.insert(0, 'duck')
    await until('it arrives', () => reader.text.length === 4)
    // A handshake in which an answer was waited for.
    reader.cut()
    await until('the reader was cut off', () => !reader.isSynced)
    await reader.synced()
    author.text.insert(0, 'a ')
    await until('it arrives', () => reader.text.length === 6)
    const before = await server.state(ROOM)
    await sleep(SILENCE_MS)
    const after = await server.state(ROOM)
    assert.notEqual(after.incarnation, before.incarnation, 'it has left memory')
    assert.equal(after.sockets, 2)
    reader.text.insert(6, 's')
    await until('edits go on', () => areEqual(clients.map(client => client.doc)))
    assert.equal(author.text.toString(), 'a ducks')
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}
