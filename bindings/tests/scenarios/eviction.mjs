// Objects are put out of memory at random moments, with sockets open: connections stay, edits go on, nothing is lost, and
// the cursor of who leaves meanwhile goes away.
import assert from 'node:assert/strict'
import { Client, areEqual, edit, sleep, until } from '../clients.mjs'

export const name = 'eviction with open sockets, at random moments'
export const hosts = ['workerd']
const ROOM = 'evicted'

export async function run ({ Server, random, long }) {
  const server = await new Server().start()
  const clients = Array.from({ length: 8 }, () => new Client(server, ROOM))
  const closes = []
  try {
    await Promise.all(clients.map(client => client.synced()))
    for (const client of clients) client.provider.on('connection-close', event => closes.push(event?.code))
    const incarnations = new Set()
    const evictions = long ? 200 : 25
    for (let eviction = 0; eviction < evictions; eviction++) {
      for (let edits = random.below(12); edits >= 0; edits--) {
        edit(random.pick(clients).doc, random)
        if (random.below(3) === 0) await sleep(random.below(4))
      }
      if (random.below(2) === 0) await sleep(random.below(30))
      await server.evict()
      const { incarnation, sockets } = await server.state(ROOM)
      assert.equal(sockets, clients.length, 'sockets stay')
      incarnations.add(incarnation)
    }
    assert.equal(incarnations.size, evictions, 'each time the object was made anew')
    assert.deepEqual(closes, [], 'no connection noticed anything')
    await until('all are equal', () => areEqual(clients.map(client => client.doc)))

    // Who joins while nothing but attachments has the last edits gets them.
    edit(clients[0].doc, random)
    clients[0].text.insert(0, 'only attached ')
    await until('others have it', () => clients[1].text.toString().startsWith('only attached '))
    await server.evict()
    const late = await new Client(server, ROOM).synced()
    clients.push(late)
    assert.ok(areEqual(clients.map(client => client.doc)), 'who joins gets what is not stored')

    await cursorGoes(server, clients)
    const reference = clients[0].doc
    clients.splice(0).forEach(client => client.destroy())
    const fresh = await new Client(server, ROOM).synced()
    clients.push(fresh)
    await until('what is stored is equal', () => areEqual([reference, fresh.doc]))
    return `${evictions} evictions, ${reference.getText('text').length} characters`
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}

/** A client that leaves while the object is out of memory takes its cursor with it. */
async function cursorGoes (server, clients) {
  const [watcher, leaver] = clients
  leaver.provider.awareness.setLocalStateField('cursor', { anchor: 1 })
  const id = leaver.doc.clientID
  const shown = () => watcher.provider.awareness.getStates().has(id)
  await until('the cursor is shown', () => watcher.provider.awareness.getStates().get(id)?.cursor)
  await server.evict()
  leaver.provider.shouldConnect = false
  leaver.cut()
  await until('the cursor goes away', () => !shown(), 5)
  clients.splice(1, 1)
  leaver.destroy()
}
