// A client that does not read: it is cut off when too much waits for it, and nobody else waits for it.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { Client, until } from '../clients.mjs'
import { Server } from '../server.mjs'

export const name = 'a client that does not read'
const MOST_BYTES = 1 << 20
const BLOCK = 'slow '.repeat(20_000)

export async function run () {
  const server = await new Server({ options: ['--outgoing-bytes', String(MOST_BYTES)] }).start()
  const [writer, reader] = await Promise.all([1, 2].map(() => new Client(server, 'slow').synced()))
  const lazy = connect({ port: server.port, host: '127.0.0.1', highWaterMark: 1024 })
  lazy.on('error', () => {})
  try {
    lazy.write('GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    await once(lazy, 'data')
    // A sync step 1 with an empty state vector, masked with zeros; from here on nothing is read.
    lazy.write(Buffer.from('82840000000000000100', 'hex'))
    lazy.pause()
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
