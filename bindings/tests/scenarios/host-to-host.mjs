// A document moves from a server to a Durable Object and back: the export file of one is imported by the other.
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { Client, areEqual, edit, until } from '../clients.mjs'
import { Server as Native } from '../hosts/native.mjs'

export const name = 'a document moves from a server to a Durable Object and back'
export const hosts = ['workerd']
const ROOM = 'travels'

export async function run ({ Server: Workerd, random }) {
  const [native, workerd] = await Promise.all([new Native({ options: ['--admin-token', 'secret'] }), new Workerd()].map(of => of.start()))
  const url = server => `${server.http}/api/documents/${ROOM}`
  const headers = native.administrator
  const exported = async server => new Uint8Array(await (await fetch(url(server), { headers })).arrayBuffer())
  const imported = async (server, body) => {
    const response = await fetch(url(server), { method: 'PUT', headers, body })
    assert.equal(response.status, 204, await response.text())
  }
  const author = await new Client(native, ROOM).synced()
  try {
    for (let count = 0; count < 2_000; count++) edit(author.doc, random)
    author.text.insert(0, 'long '.repeat(100_000))
    await until('it is stored', async () => Number(await native.metric('merganser_updates_total{outcome="new"}')) > 0)
    const second = await new Client(native, ROOM).synced()
    await until('all is there', () => areEqual([author.doc, second.doc]))
    second.destroy()
    const file = await exported(native)
    await imported(workerd, file)
    assert.deepEqual(await exported(workerd), file, 'byte for byte')
    const there = await new Client(workerd, ROOM).synced()
    await until('it is the document', () => areEqual([author.doc, there.doc]))
    there.text.insert(0, 'written there ')
    for (let count = 0; count < 200; count++) edit(there.doc, random)
    const more = await new Client(workerd, ROOM).synced()
    await until('it arrives', () => areEqual([there.doc, more.doc]))
    more.destroy()

    const back = await exported(workerd)
    assert.equal((await fetch(url(native), { method: 'DELETE', headers })).status, 204)
    author.destroy()
    await imported(native, back)
    assert.deepEqual(await exported(native), back, 'byte for byte')
    const home = await new Client(native, ROOM).synced()
    await until('it is the document', () => areEqual([there.doc, home.doc]))
    assert.deepEqual(Y.encodeStateVector(home.doc), Y.encodeStateVector(there.doc))
    there.destroy()
    home.destroy()
    return `${(back.length / 2 ** 20).toFixed(1)} MiB`
  } finally {
    author.destroy()
    await Promise.all([native.remove(), workerd.remove()])
  }
}
