// A client that hears each message however long it is and however it is cut.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { LightClient, message, UPDATE } from './client.mjs'

/** Lengths about which a frame says its own in another way. */
const BORDERS = [125, 126, 127, 128, 255, 256, 65_535, 65_536]

function frame (content) {
  const { length } = content
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head.writeUInt16BE(0x8200 + Math.min(length, head.length === 4 ? 126 : 127))
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, content])
}

function ofLength (length) {
  for (let bytes = length - 5; bytes < length; bytes++) {
    const made = message(UPDATE, Buffer.alloc(bytes))
    if (made.length === length) return made
  }
  throw new Error(`no message has ${length} bytes`)
}

test('messages of all lengths are heard, in whatever pieces they come', async () => {
  const messages = BORDERS.map(ofLength)
  const sent = Buffer.concat(messages.map(frame))
  const server = createServer(async socket => {
    socket.setNoDelay(true)
    await once(socket, 'data')
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    // Of one byte at first, then larger.
    for (let at = 0, piece; at < sent.length; at += piece) {
      piece = 1 + (at >> 5)
      await new Promise(resolve => socket.write(sent.subarray(at, at + piece), resolve))
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = await LightClient.open(server.address().port, 'lengths', { joins: false, keeps: true })
  const late = new Promise(resolve => setTimeout(resolve, 5_000, 'late').unref())
  const all = await Promise.race([client.until(() => client.received === messages.length), late])
  client.end()
  server.close()
  assert.notEqual(all, 'late', `${client.received} of ${messages.length} were heard`)
  assert.deepEqual(client.kept.map(({ length }) => length), BORDERS)
})
