// Large things: a row as large as rows get, a document of several of them, and what no row can hold.
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { Client, until } from '../clients.mjs'

export const name = 'rows of 1.9 MB, a document far above, a value that no row can hold'
const MEBIBYTE = 1 << 20

export async function run ({ Server }) {
  const server = await new Server().start()
  const clients = await Promise.all([1, 2].map(() => new Client(server, 'large').synced()))
  const [author, reader] = clients
  const same = (one, other) => one.text.length === other.text.length && one.text.toString() === other.text.toString()
  try {
    for (const size of [1_650_000, 1_900_000, 2_000_000, 9 * MEBIBYTE]) {
      author.text.insert(author.text.length / 2, String.fromCharCode(97 + size % 26).repeat(size - 7) + ' ducks\n')
      await until(`the reader has ${size} bytes`, () => same(author, reader))
    }
    for (let word = 0; word < 300; word++) author.text.insert((word * 7919) % author.text.length, ` word ${word} `)
    author.doc.getArray('list').insert(0, [new Uint8Array(1_899_000).fill(7)])
    await until('all is there', () => same(author, reader) && reader.doc.getArray('list').length === 1)
    const expected = Y.encodeStateVector(author.doc)
    clients.splice(0).forEach(client => client.destroy())
    await server.forgotten()
    const fresh = await new Client(server, 'large').synced(60)
    clients.push(fresh)
    await until('it is read from its rows', () => same(author, fresh))
    assert.deepEqual(Y.encodeStateVector(fresh.doc), expected)
    assert.equal(fresh.doc.getArray('list').get(0).length, 1_899_000)

    const closed = new Promise(resolve => fresh.provider.once('connection-close', event => resolve(event.code)))
    fresh.doc.getArray('list').insert(0, [new Uint8Array(2 * MEBIBYTE)])
    assert.equal(await closed, 4414, 'one value that cannot be cut')
    return `${(author.text.length / MEBIBYTE).toFixed(1)} MiB`
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}
