// A document is exported, deleted, imported again: the same file; who was connected is told; damaged files change nothing.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import * as Y from 'yjs'
import { Client, areEqual, edit, until } from '../clients.mjs'

export const name = 'export, delete and import of a document'
const ROOM = 'moved/ü ber'
const DELETED = 4404

export async function run ({ Server, random }) {
  const server = await new Server({ options: ['--admin-token', 'secret'] }).start()
  const ask = (method, { body, room = ROOM, headers = server.administrator } = {}) =>
    fetch(`${server.http}/api/documents/${encodeURI(room)}`, { method, body, headers, duplex: 'half' })
  const exported = async room => new Uint8Array(await (await ask('GET', { room })).arrayBuffer())
  const clients = await Promise.all([1, 2].map(() => new Client(server, ROOM).synced()))
  const [author, reader] = clients
  const closes = []
  for (const client of clients) {
    client.provider.on('connection-close', event => {
      closes.push(event?.code)
      if (event?.code >= 4400 && event.code < 4500) client.provider.shouldConnect = false
    })
  }
  try {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Authorization: 'secret' }]) {
        const refused = await ask(method, { headers, ...(method === 'PUT' ? { body: 'x' } : {}) })
        assert.equal(refused.status, 403, `${method} without the right to`)
        assert.equal((await refused.json()).error.code, 'forbidden')
      }
    }
    assert.equal((await ask('GET', { room: 'nothing' })).status, 404)
    assert.equal((await ask('DELETE', { room: 'nothing' })).status, 204, 'what is not there may be deleted')
    for (let count = 0; count < 300; count++) edit(random.pick(clients).doc, random)
    author.text.insert(0, 'x'.repeat(3_000_000))
    author.doc.getMap('map').set('late', true)
    await until('all is equal', () => areEqual(clients.map(client => client.doc)))

    const file = await exported(ROOM)
    assert.equal(new TextDecoder().decode(file.subarray(0, 5)), 'MGNSR')
    assert.ok(contains(file, author.doc), 'what nobody has stored yet is in it, too')
    assert.deepEqual(closes, [], 'nobody notices an export')
    assert.equal((await ask('PUT', { body: file })).status, 409, 'there is a document')
    assert.deepEqual(closes, [])

    assert.equal((await ask('DELETE')).status, 204)
    await until('all were told', () => closes.length === 2)
    assert.deepEqual(closes, [DELETED, DELETED])
    assert.equal((await ask('GET')).status, 404)
    const fresh = await new Client(server, ROOM).synced()
    assert.equal(fresh.text.length, 0, 'a new document')
    fresh.text.insert(0, 'new')
    fresh.destroy()
    await server.forgotten()
    const other = await exported(ROOM)
    assert.equal(new TextDecoder().decode(other.subarray(0, 5)), 'MGNSR')
    assert.notDeepEqual(other.slice(6, 14), file.slice(6, 14), 'with a new stamp')
    assert.equal((await ask('DELETE')).status, 204)

    // What was not stored yet, or is on its way when the document is deleted, doesn't bring it back.
    const typing = await Promise.all([1, 2, 3, 4].map(() => new Client(server, ROOM).synced()))
    for (const { provider } of typing) provider.once('connection-close', () => { provider.shouldConnect = false })
    const deleted = ask('DELETE')
    for (let turns = 0; turns < 10_000 && typing.every(client => client.provider.wsconnected); turns++) {
      for (const client of typing) client.text.insert(0, 'on its way')
      await turn()
    }
    assert.equal((await deleted).status, 204)
    await until('all have gone', () => typing.every(client => !client.provider.wsconnected))
    typing.forEach(client => client.destroy())
    await server.forgotten()
    assert.equal((await ask('GET')).status, 404)

    // Damaged, cut off, or something else: nothing is left of it.
    const damaged = file.slice()
    damaged[file.length >> 1] ^= 1
    for (const body of [damaged, file.slice(0, -9), file.slice(0, file.length / 2), new Uint8Array([1, 2, 3])]) {
      const refused = await ask('PUT', { body })
      assert.equal(refused.status, 422, await refused.text())
      assert.equal((await ask('GET')).status, 404)
    }

    // Who waits for the document meanwhile gets it.
    const waiting = await new Client(server, ROOM).synced()
    const replaced = new Promise(resolve => waiting.provider.once('connection-close', event => resolve(event?.code)))
    assert.equal((await ask('PUT', { body: slowly(file) })).status, 204)
    assert.equal(await replaced, 4505)
    assert.deepEqual(await exported(ROOM), file, 'exported again it is the same file')
    await until('who waited has it', () => areEqual([author.doc, waiting.doc]), 30)
    await server.stop('SIGKILL')
    await server.start()
    assert.deepEqual(await exported(ROOM), file, 'and after a crash')
    await waiting.synced()
    waiting.text.insert(0, 'and on ')
    clients.forEach(client => client.provider.connect())
    await until('edits go on', () => areEqual([author.doc, reader.doc, waiting.doc]), 30)
    waiting.destroy()
    return `${(file.length / 2 ** 20).toFixed(1)} MiB`
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}

/** A body in pieces. */
async function * slowly (file) {
  for (let at = 0; at < file.length; at += 100_000) {
    yield file.subarray(at, at + 100_000)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Reads a file without the program: updates of base pages and of the journal are found in it, as its format says. */
function contains (file, expected) {
  const view = new DataView(file.buffer, file.byteOffset)
  const doc = new Y.Doc()
  const rows = []
  for (let at = 22; at < file.length - 8;) {
    const [kind, length] = [file[at], view.getUint32(at + 5, true)]
    rows.push({ kind, sequence: view.getBigUint64(at + 9 + 16, true), body: file.subarray(at + 9 + 24, at + 9 + length - 8) })
    at += 9 + length
  }
  for (const { body } of rows.filter(row => row.kind === 4)) Y.applyUpdate(doc, body)
  const slots = rows.filter(row => row.kind === 1).sort((a, b) => (a.sequence < b.sequence ? -1 : 1))
  for (const { body } of slots) Y.applyUpdate(doc, body.subarray(afterSummary(body)))
  return areEqual([doc, expected])
}

/** Where a slot's update begins, after a summary of version 1. */
function afterSummary (body) {
  let at = 1
  const uint = () => {
    const first = body[at++]
    if (first < 251) return first
    const bytes = { 251: 2, 252: 4, 253: 8 }[first]
    const view = new DataView(body.buffer, body.byteOffset + at)
    at += bytes
    return bytes === 2 ? view.getUint16(0, true) : bytes === 4 ? view.getUint32(0, true) : Number(view.getBigUint64(0, true))
  }
  uint()
  for (let left = uint(); left > 0; left--) { uint(); uint(); uint() }
  uint()
  return at
}
