// Eight clients edit at random while connections are cut; a ninth joins late. All are equal in the end.
import assert from 'node:assert/strict'
import { Client, areEqual, edit, sleep, until } from '../clients.mjs'

export const name = 'eight clients, random edits, cuts, a late joiner'

export async function run ({ Server, random, long }) {
  const server = await new Server().start()
  const room = 'folder/a%2Fb?token=secret'.split('?')[0]
  const open = () => new Client(server, room, { params: { token: 'secret' } })
  const clients = Array.from({ length: 8 }, open)
  try {
    await Promise.all(clients.map(client => client.synced()))
    const rounds = long ? 2000 : 400
    let cuts = 0
    for (let round = 0; round < rounds; round++) {
      for (let edits = random.below(4); edits >= 0; edits--) edit(random.pick(clients).doc, random)
      if (random.below(20) === 0) { random.pick(clients).cut(); cuts++ }
      if (random.below(4) === 0) await sleep(random.below(8))
    }
    clients.push(open())
    await until('everybody is connected', () => clients.every(client => client.isSynced))
    await until('all are equal', () => areEqual(clients.map(client => client.doc)))

    const all = clients.splice(0)
    all.slice(1).forEach(client => client.destroy())
    const last = all[0]
    const reference = last.doc
    last.provider.destroy()
    await server.forgotten()
    const fresh = await open().synced()
    clients.push(fresh)
    await until('what is stored is equal', () => areEqual([reference, fresh.doc]))

    const other = await new Client(server, 'folder/a/b').synced()
    clients.push(other)
    assert.equal(other.text.length, 0, 'an escaped slash names another document')
    assert.equal(await server.refusals(), 0)
    return `${rounds} rounds, ${cuts} cuts, ${reference.getText('text').length} characters`
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}
