// What a Worker's own class decides and is told: who is let in and as whom, which updates came from whom, what is stored. A
// hook that fails is logged, and nothing is lost by it.
import assert from 'node:assert/strict'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { Client, areEqual, until } from '../clients.mjs'

export const name = 'hooks: admission, identity through hibernation, updates, flushes; failing ones lose nothing'
export const hosts = ['workerd']

export async function run ({ Server }) {
  const server = await new Server({ roomOptions: { windowMs: 60_000 } }).start()
  try {
    await admits(server)
    await tells(server)
    for (const room of ['throwing-hooks', 'rejecting-hooks']) await losesNothing(server, room)
  } finally {
    await server.remove()
  }
}

/** Refused with the hook's status; a hook that throws or says nonsense lets nobody in. */
async function admits (server) {
  const longest = 'ü'.repeat(505)
  for (const [query, status] of [
    ['', 101], ['hook=refuse', 401], ['hook=throw', 500], ['hook=nonsense', 500],
    [`user=${encodeURIComponent(longest)}`, 101], [`user=${encodeURIComponent(longest + 'üü')}`, 500]
  ]) {
    assert.equal(await upgrade(`${server.url}/guarded?${query}`), status, query.slice(0, 40))
    const asked = await fetch(`${server.http}/api/ot/guarded?root=text&${query}`)
    assert.equal(asked.status, status === 101 ? 200 : status, `over HTTP: ${query.slice(0, 40)}`)
  }
  const failures = server.logged('error').filter(line => line.message === 'a hook failed')
  assert.equal(failures.length, 6)
  for (const line of failures) assert.ok(line.document === 'guarded' && line.hook === 'onConnect' && line.error && line.stack)
  assert.equal(failures[0].error, 'Error: onConnect throws')
  const { failures: counted, refused, admitted } = await server.metrics('guarded')
  assert.deepEqual([counted.hook, refused, admitted], [6, 2, 4])
}

/** Who wrote what, before and after hibernation, over WebSockets and HTTP. */
async function tells (server) {
  const room = 'told'
  const ann = await new Client(server, room, { params: { user: 'ann' } }).synced()
  const bob = await new Client(server, room, { params: { user: 'bob' } }).synced()
  const reader = await new Client(server, room, { params: { user: 'reader', 'read-only': '1' } }).synced()
  const warn = console.warn
  console.warn = () => {} // y-websocket tells what it was denied
  try {
    ann.text.insert(0, 'duck')
    await until('it arrives', () => bob.text.length === 4)
    await server.evict()
    bob.text.insert(4, 's')
    await until('it arrives', () => ann.text.length === 5)
    await server.evict()
    reader.text.insert(0, 'not mine')
    ann.text.insert(0, 'two ')
    await until('it arrives', () => bob.text.length === 9)
    const { epoch, revision } = await (await fetch(`${server.http}/api/ot/${room}?root=text&user=eve`)).json()
    const edit = await fetch(`${server.http}/api/ot/${room}?root=text&user=eve`, {
      method: 'POST',
      body: JSON.stringify({ epoch, session: 'eve', id: 1, revision, op: [{ insert: 'Of ' }] })
    })
    assert.equal(edit.status, 200, await edit.text())
    const { told } = await server.state(room)
    const updates = told.filter(of => of.update)
    assert.deepEqual(updates.map(of => of.user?.name), ['ann', 'bob', 'ann', 'eve'], 'and none of the reader')
    const doc = new Y.Doc()
    for (const { update } of updates) Y.applyUpdate(doc, Uint8Array.from(update))
    assert.equal(doc.getText('text').toString(), 'Of two ducks')
    const flushes = told.filter(of => of.sequence).map(of => of.sequence)
    assert.ok(flushes.length > 0)
    assert.deepEqual(flushes, [...new Set(flushes)].sort((a, b) => a - b), 'sequence numbers go up')
    assert.ok(told.at(-1).sequence, 'what was told is stored in the end')
  } finally {
    console.warn = warn
    ;[ann, bob, reader].forEach(client => client.destroy())
  }
}

/** Hooks that throw, or whose promises are rejected: edits are passed on and stored as without them. */
async function losesNothing (server, room) {
  const [one, two] = await Promise.all(['one', 'two'].map(user => new Client(server, room, { params: { user } }).synced()))
  const closes = []
  one.provider.on('connection-close', event => closes.push(event?.code))
  one.text.insert(0, 'a duck')
  two.text.insert(0, 'and ')
  await until('edits go on', () => one.text.length === 10 && areEqual([one.doc, two.doc]))
  assert.deepEqual(closes, [])
  const expected = one.text.toString()
  const failures = server.logged('error').filter(line => line.document === room)
  assert.ok(failures.length >= 2)
  assert.ok(failures.every(line => line.message === 'a hook failed' && line.hook === 'onUpdate' && line.connection > 0))
  assert.deepEqual(new Set(failures.map(line => line.user.name)), new Set(['one', 'two']))
  one.destroy()
  two.destroy()
  await until('all are gone', async () => (await server.state(room)).sockets === 0)
  if (room === 'throwing-hooks') assert.match(server.log, /onFlush throws/)
  const failed = (await server.metrics(room)).failures.hook
  assert.ok(failed >= 2, `${failed} counted`)
  await server.stop('SIGKILL')
  await server.start()
  const fresh = await new Client(server, room).synced()
  assert.equal(fresh.text.toString(), expected, 'it was stored')
  fresh.destroy()
}

/** The status with which an upgrade is answered. */
function upgrade (url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.on('open', () => { resolve(101); socket.terminate() })
    socket.on('unexpected-response', (_, response) => { resolve(response.statusCode); socket.terminate() })
    socket.on('error', reject)
  })
}
