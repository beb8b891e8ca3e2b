// A client that was closed for a malformed message does not answer the close, the object leaves memory, others come: what
// is heard of the old connection then concerns nobody else.
import assert from 'node:assert/strict'
import { Client, sleep, until } from '../clients.mjs'
import { rawClient } from '../raw.mjs'

export const name = 'late events of a connection that was closed'
export const hosts = ['workerd']
const ROOM = 'last-words'
/** A binary frame with a mask of zeros: an update of three bytes that is none. */
const MALFORMED = Buffer.from('8286000000000002030102ff', 'hex')

export async function run ({ Server }) {
  const server = await new Server().start()
  const author = await new Client(server, ROOM).synced()
  const clients = [author]
  const mute = await rawClient(server, ROOM, { allowHalfOpen: true })
  try {
    mute.write(MALFORMED)
    await until('it was refused', () => server.refusals() === 1)
    await server.evict()
    for (let n = 0; n < 3; n++) clients.push(await new Client(server, ROOM).synced())
    mute.destroy()
    await sleep(200)
    author.text.insert(0, 'duck')
    await until('everybody has it', () => clients.every(client => client.text.length === 4), 5)
    assert.ok(!server.hasFailed, server.log)
  } finally {
    mute.destroy()
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}
