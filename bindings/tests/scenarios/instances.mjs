// Many documents, each used once: the engine's instances of those that sleep make room for others, and those that wake
// again find their edits.
import assert from 'node:assert/strict'
import { Client, until } from '../clients.mjs'

export const name = 'instances of documents that sleep are used again'
export const hosts = ['workerd']

export async function run ({ Server, long }) {
  const server = await new Server({ mostBytes: 24 << 20 }).start()
  const rooms = Array.from({ length: long ? 400 : 60 }, (_, n) => `one-of-many-${n}`)
  const last = []
  try {
    for (const room of rooms) {
      const client = await new Client(server, room).synced()
      client.text.insert(0, room)
      last.push(client)
      if (last.length > 3) last.shift().destroy()
      await server.skipMinute()
    }
    const { count, bytes } = await server.ask('instances')
    assert.ok(bytes <= 26 << 20, `${count} instances hold ${bytes} bytes`)
    assert.ok(count < rooms.length)
    for (const room of rooms) {
      const client = await new Client(server, room).synced()
      await until('it is there', () => client.text.toString() === room, 5)
      client.destroy()
    }
    return `${rooms.length} documents in ${count} instances of ${(bytes / 2 ** 20).toFixed(1)} MiB`
  } finally {
    last.forEach(client => client.destroy())
    await server.remove()
  }
}
