// Large messages and documents inside workerd: the limit of a message is ours up to what the platform takes; a document of
// more than 10 MB is cut into rows that the platform takes, and read from them page by page; a slow reader of an export is
// waited for. Where objects are made is what the Worker's environment says.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import WebSocket from 'ws'
import { Client, sleep, until } from '../clients.mjs'

export const name = 'messages up to the limits, a document of 12 MiB in rows, back-pressure, a place for objects'
export const hosts = ['workerd']
const MEBIBYTE = 1 << 20
const MOST_ROW_BYTES = 1_900_000

export async function run ({ Server }) {
  const server = await new Server({ variables: { LOCATION_HINT: 'weur' } }).start()
  try {
    for (const [bytes, codes] of [[16 * MEBIBYTE + 1, [4413]], [31 * MEBIBYTE, [4413]], [33 * MEBIBYTE, [1009, 1006]]]) {
      const socket = new WebSocket(`${server.url}/messages`)
      await once(socket, 'open')
      socket.send(new Uint8Array(bytes))
      const [code] = await once(socket, 'close')
      assert.ok(codes.includes(code), `${bytes} bytes: closed with ${code}`)
    }
    assert.ok((await server.ask('hints')).every(options => options.locationHint === 'weur'))
    return await document(server)
  } finally {
    await server.remove()
  }
}

async function document (server) {
  const room = 'twelve'
  const author = await new Client(server, room).synced()
  const fresh = []
  try {
    for (let part = 0; part < 4; part++) author.text.insert(0, `part ${part} `.repeat(3 * MEBIBYTE / 7))
    await until('all has arrived', async () => (await server.metrics(room)).room.updatesNew === 4, 30)
    for (let word = 0; word < 200; word++) author.text.insert((word * 7919) % author.text.length, ' word ')
    fresh.push(await new Client(server, room).synced(60))
    await until('it is all there', () => fresh[0].text.toString() === author.text.toString(), 30)
    const { largestRow } = await server.state(`${room}?largest`)
    assert.ok(largestRow > 60_000 && largestRow <= MOST_ROW_BYTES, `the largest row has ${largestRow} bytes`)
    await server.evict()
    fresh.push(await new Client(server, room).synced(60))
    await until('it is read from its rows', () => fresh[1].text.toString() === author.text.toString(), 30)

    // Who takes nothing of an export makes the object read nothing more.
    const asked = request(`${server.http}/api/documents/${room}`, { headers: server.administrator })
    asked.end()
    const [response] = await once(asked, 'response')
    response.pause()
    await sleep(300)
    const before = (await server.state(room)).billed.read
    await sleep(300)
    const { billed } = await server.state(room)
    assert.ok(billed.read - before <= 2, 'it waits')
    let bytes = 0
    for await (const part of response) bytes += part.length
    assert.ok(bytes > author.text.length)
    return `${(author.text.length / MEBIBYTE).toFixed(1)} MiB, the largest row ${largestRow} bytes`
  } finally {
    ;[author, ...fresh].forEach(client => client.destroy())
  }
}
