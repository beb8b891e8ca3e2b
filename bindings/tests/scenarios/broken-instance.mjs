// A message breaks the engine's instance of one document: who sent it is closed, everybody else goes on with all edits,
// and the other documents of the isolate notice nothing.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import WebSocket from 'ws'
import { Client, areEqual, until } from '../clients.mjs'

export const name = 'an instance that traps takes nothing with it'
export const hosts = ['workerd']
const POISON = Buffer.from('poison!')
const MORE_POISON = Buffer.from('poison for two!')
const FAILED = [1011, 'the document failed; connect again']

export async function run ({ Server }) {
  const server = await new Server().start()
  const clients = await Promise.all(['poisoned', 'poisoned', 'neighbour', 'neighbour'].map(room => new Client(server, room).synced()))
  const [one, two, three, four] = clients
  const closes = []
  for (const client of clients) client.provider.on('connection-close', event => closes.push(event?.code))
  try {
    const before = await Promise.all(['poisoned', 'neighbour'].map(room => server.state(room)))
    for (let round = 0; round < 3; round++) {
      one.text.insert(0, 'kept in an attachment ')
      three.text.insert(0, 'untouched ')
      await until('others have it', () => two.text.length === one.text.length && four.text.length === three.text.length)
      assert.deepEqual(await attack(server, POISON), FAILED)
      assert.match(server.log, /"level":"error","message":"the document failed","document":"poisoned"/)
      two.text.insert(0, 'afterwards ')
      four.text.insert(0, 'afterwards ')
      await until('edits go on', () => areEqual([one.doc, two.doc]) && areEqual([three.doc, four.doc]))
      const late = await new Client(server, 'poisoned').synced()
      assert.ok(areEqual([one.doc, late.doc]), 'who joins gets all of it')
      late.destroy()
    }
    assert.deepEqual(closes, [], 'nobody else was closed')
    const after = await Promise.all(['poisoned', 'neighbour'].map(room => server.state(room)))
    assert.deepEqual(after.map(of => of.incarnation), before.map(of => of.incarnation), 'the objects are the same')

    // Where it fails again at what is attached, all have to come back, and bring what they have.
    one.text.insert(0, 'known to clients only ')
    await until('others have it', () => two.text.length === one.text.length)
    assert.deepEqual(await attack(server, MORE_POISON), FAILED)
    await until('both were closed', () => closes.length === 2)
    assert.deepEqual(closes, [1011, 1011])
    await until('both are back', () => one.isSynced && two.isSynced && areEqual([one.doc, two.doc]))
    const late = await new Client(server, 'poisoned').synced()
    assert.ok(areEqual([one.doc, late.doc]))
    late.destroy()
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}

/** Sends this on a connection of its own; gives the code and reason with which it is closed. */
async function attack (server, message) {
  const socket = new WebSocket(`${server.url}/poisoned`)
  await once(socket, 'open')
  socket.send(message)
  const [code, reason] = await once(socket, 'close')
  return [code, String(reason)]
}
