// A client that does not read: it is cut off when too much waits for it, and nobody else waits for it.
import assert from 'node:assert/strict'
import { Client, until } from '../clients.mjs'
import { lazyClient } from '../lazy.mjs'

export const name = 'a client that does not read'
export const hosts = ['native']
const MOST_BYTES = 1 << 20
const BLOCK = 'slow '.repeat(20_000)

export async function run ({ Server }) {
  const server = await new Server({ options: ['--outgoing-bytes', String(MOST_BYTES)] }).start()
  const [writer, reader] = await Promise.all([1, 2].map(() => new Client(server, 'slow').synced()))
  const lazy = await lazyClient(server, 'slow')
  try {
    await until('three are connected', async () => await server.metric('merganser_connections') === 3)
    let blocks = 0
    const connections = () => server.metric('merganser_connections')
    while (await connections() === 3 && blocks < 300) {
      writer.text.insert(0, BLOCK)
      blocks++
      await until('the honest reader has it', () => reader.text.length === writer.text.length, 5)
    }
    await until('the lazy one is cut off', async () => await connections() === 2, 10)
    assert.ok(blocks < 300)
    return `cut off after ${(blocks * BLOCK.length / 2 ** 20).toFixed(1)} MiB`
  } finally {
    lazy.destroy()
    writer.destroy()
    reader.destroy()
    await server.remove()
  }
}
