// Many documents: the engine's instances are few, whoever sleeps or not, and shrink again after large documents; and those
// that lost theirs go on.
import assert from 'node:assert/strict'
import { Client, until } from '../clients.mjs'

export const name = 'instances are used again'
export const hosts = ['workerd']
const MOST_BYTES = 24 << 20
/** What one instance may grow while it is used. */
const SLACK_BYTES = 2 << 20

export async function run ({ Server, long }) {
  return [await inTurn(Server, long), await atOnce(Server, long), await large(Server)].join('; ')
}

/** Documents that are used one after the other find their edits again. */
async function inTurn (Server, long) {
  const server = await new Server({ mostBytes: MOST_BYTES }).start()
  const rooms = Array.from({ length: long ? 400 : 60 }, (_, n) => `one-of-many-${n}`)
  const last = []
  try {
    for (const room of rooms) {
      const client = await new Client(server, room).synced()
      client.text.insert(0, room)
      last.push(client)
      if (last.length > 3) last.shift().destroy()
      await server.skipMinute()
    }
    const { count, bytes } = await server.ask('instances')
    assert.ok(bytes <= MOST_BYTES + SLACK_BYTES, `${count} instances hold ${bytes} bytes`)
    assert.ok(count < rooms.length)
    for (const room of rooms) {
      const client = await new Client(server, room).synced()
      await until('it is there', () => client.text.toString() === room, 5)
      client.destroy()
    }
    return `${rooms.length} documents in ${count} instances of ${(bytes / 2 ** 20).toFixed(1)} MiB`
  } finally {
    last.forEach(client => client.destroy())
    await server.remove()
  }
}

/** More documents are edited at the same time than there are instances: nobody is closed, and nothing is lost. */
async function atOnce (Server, long) {
  const server = await new Server({ mostBytes: MOST_BYTES }).start()
  const pairs = []
  const closes = []
  try {
    for (let n = 0; n < (long ? 200 : 40); n++) {
      const pair = []
      for (let nth = 0; nth < 2; nth++) pair.push(await new Client(server, `at-once-${n}`).synced())
      for (const { provider } of pair) provider.on('connection-close', event => closes.push(event?.code))
      pairs.push(pair)
    }
    for (let round = 0; round < 5; round++) {
      for (const [author] of pairs) author.text.insert(author.text.length, `${round} `)
      await until('readers have it', () => pairs.every(([author, reader]) => reader.text.toString() === author.text.toString()))
      const { count, bytes } = await server.ask('instances')
      assert.ok(bytes <= MOST_BYTES + SLACK_BYTES, `${count} instances hold ${bytes} bytes`)
      assert.ok(count < pairs.length, 'some had to go without')
    }
    assert.deepEqual(closes, [], 'no connection noticed anything')
    const [[author]] = pairs
    author.destroy()
    const late = await new Client(server, 'at-once-0').synced()
    pairs.push([late])
    assert.equal(late.text.toString(), '0 1 2 3 4 ')
    assert.ok(!server.hasFailed, server.log)
    return `${pairs.length - 1} at once`
  } finally {
    pairs.flat().forEach(client => client.destroy())
    await server.remove()
  }
}

/** Instances that large messages have made large are given up. */
async function large (Server) {
  const server = await new Server({ mostBytes: MOST_BYTES }).start()
  const clients = []
  try {
    for (let n = 0; n < 4; n++) {
      const client = await new Client(server, `large-${n}`).synced()
      clients.push(client)
      client.text.insert(0, 'x'.repeat(3 << 20))
      await until('it is stored', async () => (await server.state(`large-${n}`)).billed.written > 0)
    }
    for (let n = 0; n < 8; n++) clients.push(await new Client(server, `small-${n}`).synced())
    const { count, bytes } = await server.ask('instances')
    assert.ok(bytes <= MOST_BYTES + SLACK_BYTES, `${count} instances hold ${bytes} bytes`)
    for (let n = 0; n < 4; n++) {
      clients[n].text.insert(0, 'y')
      const reader = await new Client(server, `large-${n}`).synced()
      clients.push(reader)
      await until('all is there', () => reader.text.length === (3 << 20) + 1)
    }
    return `${(bytes / 2 ** 20).toFixed(1)} MiB after large documents`
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}
