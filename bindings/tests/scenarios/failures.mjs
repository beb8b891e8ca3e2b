// A store that throws, an engine that traps: each ends in a close with a code, a count and a log line that names document,
// connection and cause, and no edit is lost.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import WebSocket from 'ws'
import { Client, areEqual, sleep, until } from '../clients.mjs'

export const name = 'failures of store and engine: told, counted, closed, nothing lost'
export const hosts = ['workerd']
const NOT_STORED = 4500
const CANNOT_OPEN = 4510

export async function run ({ Server }) {
  const server = await new Server({ roomOptions: { windowMs: 1 } }).start()
  try {
    await writesFail(server)
    await readsFail(server)
    await engineTraps(server)
  } finally {
    await server.remove()
  }
}

async function writesFail (server) {
  const room = 'unwritable'
  const [one, two] = await Promise.all([1, 2].map(() => new Client(server, room).synced()))
  const closes = []
  for (const client of [one, two]) client.provider.on('connection-close', event => closes.push(event?.code))
  try {
    // Two failures, with and without effect, are tried again: nobody notices.
    await server.ask(`document/${room}?fail-writes=2`)
    const type = async text => {
      one.text.insert(one.text.length, text)
      await until('it is passed on', () => two.text.length === one.text.length)
    }
    let beats = 0
    const beat = async () => {
      await server.skipMinute()
      one.provider.awareness.setLocalStateField('beat', beats++)
    }
    await type('a')
    await sleep(5)
    await type('b')
    await until('it is written in the end', async () => {
      await beat()
      const { failedFlushes, flushes } = (await server.metrics(room)).room
      return failedFlushes === 2 && flushes > 2
    }, 20)
    assert.deepEqual(closes, [])
    // A store that goes on failing ends the connections; clients come back with what they have.
    await server.ask(`document/${room}?fail-writes=5`)
    await type('c')
    await sleep(5)
    await type('d')
    await until('all are told', async () => {
      await beat()
      return closes.includes(NOT_STORED)
    }, 60)
    await until('all are back', () => one.isSynced && two.isSynced && areEqual([one.doc, two.doc]), 20)
    assert.equal(one.text.toString(), 'abcd')
    const { failures, closes: counted } = await server.metrics(room)
    assert.equal(failures.store, 7)
    assert.ok(counted[NOT_STORED] >= 1)
    const told = server.logged('error').filter(line => line.document === room)
    assert.equal(told.length, 7)
    assert.ok(told.every(line => line.message === 'rows could not be written' && /as ordered/.test(line.error) && line.stack))
    const closed = server.logged('warn').filter(line => line.document === room && line.code === NOT_STORED)
    assert.ok(closed.length > 0 && closed.every(line => line.connection > 0 && line.reason))
  } finally {
    one.destroy()
    two.destroy()
  }
  await until('all are gone', async () => (await server.state(room)).sockets === 0)
  await server.evict()
  const fresh = await new Client(server, room).synced()
  assert.equal(fresh.text.toString(), 'abcd')
  fresh.destroy()
}

async function readsFail (server) {
  const room = 'unreadable'
  const author = await new Client(server, room).synced()
  author.text.insert(0, 'duck')
  author.destroy()
  await until('it is gone', async () => (await server.state(room)).sockets === 0)
  await server.evict()
  await server.ask(`document/${room}?fail-reads=1`)
  const socket = new WebSocket(`${server.url}/${room}`)
  const [code] = await once(socket, 'close')
  assert.equal(code, CANNOT_OPEN)
  assert.ok(server.logged('error').some(line => line.document === room && line.message === 'rows could not be read'))
  // (What the object has counted goes with it: it leaves memory with its last socket.)
  assert.ok(server.logged('warn').some(line => line.document === room && line.code === CANNOT_OPEN && line.connection > 0))
  // It is read again for who comes next.
  const fresh = await new Client(server, room).synced()
  assert.equal(fresh.text.toString(), 'duck')
  fresh.destroy()
}

async function engineTraps (server) {
  const room = 'trapped'
  const author = await new Client(server, room, { params: { user: 'ann' } }).synced()
  author.text.insert(0, 'duck')
  const socket = new WebSocket(`${server.url}/${room}?user=mallory`)
  await once(socket, 'open')
  socket.send(Buffer.from('poison!'))
  const [code] = await once(socket, 'close')
  assert.equal(code, 1011)
  const { failures, closes } = await server.metrics(room)
  assert.deepEqual([failures.engine, closes[1011]], [1, 1])
  const [told] = server.logged('error').filter(line => line.document === room)
  assert.ok(told.message === 'the document failed' && told.connection > 0 && /RuntimeError/.test(told.error))
  const [closed] = server.logged('warn').filter(line => line.document === room)
  assert.deepEqual([closed.user.name, closed.code], ['mallory', 1011])
  const fresh = await new Client(server, room).synced()
  assert.equal(fresh.text.toString(), 'duck')
  fresh.destroy()
  author.destroy()
}
