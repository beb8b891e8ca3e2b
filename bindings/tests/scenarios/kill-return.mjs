// The server is killed (-9) and started again: what was stored is there without anybody's help, and what was not yet
// stored comes back from the clients that have it.
import assert from 'node:assert/strict'
import { Client, areEqual, clockSum, contains, edit, sleep, until } from '../clients.mjs'

export const name = 'kill -9: what was stored stays, what was not comes back from clients'
const ROOM = 'killed'

export async function run ({ Server, random, long }) {
  const server = await new Server().start()
  const kills = long ? 20 : 3
  let clients = []
  let unstored = 0
  try {
    for (let kill = 0; kill < kills; kill++) {
      clients = await Promise.all(Array.from({ length: 5 }, () => new Client(server, ROOM).synced()))
      const [leaver, ...stayers] = clients
      for (let round = 0; round < 40; round++) { edit(random.pick(clients).doc, random); await sleep(random.below(4)) }
      await until('all are equal', () => areEqual(clients.map(client => client.doc)))
      // A close stores the edits of all; that it was heard shows in its cursor being gone.
      leaver.destroy()
      await until('the close was heard', () => !stayers[0].provider.awareness.getStates().has(leaver.doc.clientID))
      const end = Date.now() + 50 + random.below(500)
      while (Date.now() < end) { edit(random.pick(stayers).doc, random); await sleep(random.below(4)) }
      assert.equal((await server.stop('SIGKILL')).signal, 'SIGKILL')
      await until('the end was noticed', () => stayers.every(client => !client.provider.wsconnected))
      for (const client of stayers) client.provider.shouldConnect = false

      await server.start()
      const reader = await new Client(server, ROOM).synced()
      assert.ok(contains(reader.doc, leaver.doc), `kill ${kill}: what was stored was lost`)
      for (const client of stayers) client.provider.connect()
      await until('all are back and equal', () => areEqual([reader, ...stayers].map(client => client.doc)))
      unstored += clockSum(reader.doc) - clockSum(leaver.doc)
      stayers.concat(reader).forEach(client => client.destroy())
    }
    return `${kills} kills, ${unstored} clocks came back or had been stored since the last close`
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}
