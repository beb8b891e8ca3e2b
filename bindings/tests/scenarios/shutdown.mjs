// SIGTERM in the middle of edits: every client is told 1012, the process ends in order and soon, nothing is lost. One
// client that does not read is nobody's problem but its own.
import assert from 'node:assert/strict'
import { lazyClient } from '../lazy.mjs'
import { Client, areEqual, edit, sleep, until } from '../clients.mjs'

export const name = 'SIGTERM: 1012, an end within 5 s, all stored'
export const hosts = ['native']

export async function run ({ Server, random }) {
  const server = await new Server().start()
  const clients = await Promise.all(Array.from({ length: 12 }, (_, n) => new Client(server, `room-${n % 3}`).synced()))
  const codes = clients.map(() => undefined)
  clients.forEach((client, at) => client.provider.on('connection-close', event => { codes[at] ??= event?.code }))
  const lazy = await lazyClient(server, 'room-0')
  try {
    for (let part = 0; part < 10; part++) clients[0].text.insert(0, 'more than the lazy one takes '.repeat(30_000))
    await until('others have it', () => clients[3].text.length === clients[0].text.length)
    for (let round = 0; round < 50; round++) {
      clients.forEach(client => edit(client.doc, random))
      await sleep(1)
    }
    const told = Date.now()
    const { code, signal } = await server.stop('SIGTERM')
    const took = Date.now() - told
    assert.deepEqual([code, signal], [0, null], server.log)
    assert.ok(took < 5000, `it took ${took} ms`)
    await until('all are told', () => codes.every(code => code !== undefined))
    assert.deepEqual(codes, clients.map(() => 1012))

    // What a client had not sent yet it brings when the server is there again.
    await server.start()
    await until('all are back and equal', () => clients.every(client => client.isSynced) &&
      [0, 1, 2].every(room => areEqual(clients.filter((_, n) => n % 3 === room).map(client => client.doc))))
    return `ended after ${took} ms`
  } finally {
    lazy.destroy()
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}
