// The server is killed (-9) in the middle of edits. Whatever some client has seen of another one is on the disk:
// all clients are dropped, so that nobody can bring it again, and a fresh one reads.
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { Client, clockSum, contains, edit, sleep, until } from '../clients.mjs'

export const name = 'kill -9 in the middle of edits'
export const hosts = ['native']

export async function run ({ Server, random, long }) {
  const server = await new Server().start()
  const kills = long ? 20 : 3
  let edits = 0
  let seen = 0
  try {
    for (let kill = 0; kill < kills; kill++) {
      const clients = await Promise.all(Array.from({ length: 5 }, () => new Client(server, 'killed').synced()))
      const [observer, ...writers] = clients
      const begun = clockSum(observer.doc)
      const end = Date.now() + 100 + random.below(900)
      while (Date.now() < end) {
        for (let burst = random.below(6); burst >= 0; burst--) { edit(random.pick(writers).doc, random); edits++ }
        await sleep(random.below(4))
      }
      assert.equal((await server.stop('SIGKILL')).signal, 'SIGKILL')
      await until('the end was noticed', () => clients.every(client => !client.provider.wsconnected))
      clients.forEach(client => client.provider.destroy())
      const shown = clockSum(observer.doc)
      assert.ok(shown > begun, 'others have seen edits of this round')
      seen += shown - begun

      await server.start()
      const fresh = await new Client(server, 'killed').synced()
      fresh.provider.destroy()
      assert.ok(contains(fresh.doc, observer.doc), `kill ${kill}: what the observer saw was lost`)
      for (const writer of writers) assertHasOthersOf(fresh.doc, writer.doc, `kill ${kill}: what a writer saw of others`)
    }
    return `${kills} kills, ${edits} edits, ${seen} clocks of them seen before the kill`
  } finally {
    await server.remove()
  }
}

function assertHasOthersOf (whole, part, what) {
  const stored = Y.decodeStateVector(Y.encodeStateVector(whole))
  for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(part))) {
    if (client !== part.clientID) assert.ok((stored.get(client) ?? 0) >= clock, `${what} was lost: ${client} at ${clock}`)
  }
}
