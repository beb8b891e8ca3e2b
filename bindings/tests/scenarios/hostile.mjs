// Hostile messages and frames to a live server, in the document that two honest clients edit: they go on, no edit
// of theirs takes a second, and the server lives.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import WebSocket from 'ws'
import { frames, messages } from '../attacks.mjs'
import { Client, sleep, until } from '../clients.mjs'
import { rawClient } from '../raw.mjs'

export const name = 'hostile messages and frames'
const MOST_MS = 1_000
const ROOM = 'attacked'

export async function run ({ Server, random }) {
  const server = await new Server().start()
  const honest = new Honest(server)
  // Made before, since making some of them keeps this process busy.
  const [badMessages, badFrames] = [messages(random), frames(random)]
  try {
    await honest.begin()
    const closed = new Map()
    for (const [what, sent] of badMessages) {
      honest.during = what
      const code = await attack(server, sent)
      closed.set(what, code)
      assert.ok(server.isRunning, `${what} ended the server: ${server.log}`)
      await honest.next()
    }
    for (const [what, sent] of badFrames) {
      honest.during = what
      await attackRaw(server, sent)
      assert.ok(server.isRunning, `${what} ended the server: ${server.log}`)
      await honest.next()
    }
    assert.equal(await closeCodeOfText(server), 1003)
    for (const what of ['an update in format v2', 'a state vector that never ends', 'an update that declares 215 TB',
      'a string that declares 2^40 bytes', 'any nested 1000000 deep']) {
      assert.equal(closed.get(what), 4400, what)
    }
    // A value of 2 MB: that it fits no row is seen before what is in it.
    assert.equal(closed.get('JSON nested 1000000 deep'), 4414)
    assert.equal(closed.get('16 MiB and a little'), 4413)
    // Whether the host or the room refuses it depends on the largest message that the host takes.
    assert.ok([1002, 1006, 4413].includes(closed.get('17 MB')), `17 MB: ${closed.get('17 MB')}`)
    await honest.end()
    assert.ok(!server.hasFailed, server.log)
    return `${badMessages.length + badFrames.length} attacks, an honest edit took ${honest.slowest} ms at most (${honest.slowestDuring})`
  } finally {
    honest.stop()
    await server.remove()
  }
}

/** Two clients, one of which writes a number again and again, which the other one waits for. */
class Honest {
  during = 'nothing'
  slowest = 0
  slowestDuring = 'nothing'
  count = 0
  isStopped = false

  constructor (server) {
    this.writer = new Client(server, ROOM)
    this.reader = new Client(server, ROOM)
    this.closes = []
    for (const client of [this.writer, this.reader]) {
      client.provider.on('connection-close', event => this.isStopped || this.closes.push([this.during, event?.code]))
    }
  }

  async begin () {
    await Promise.all([this.writer.synced(), this.reader.synced()])
    this.running = this.#write()
    this.running.catch(() => {})
  }

  async #write () {
    const shown = this.reader.doc.getMap('honest')
    while (!this.isStopped) {
      const number = this.count + 1
      const started = performance.now()
      this.writer.doc.getMap('honest').set('number', number)
      await until(`an honest edit during ${this.during}`, () => shown.get('number') === number, 10)
      const took = Math.round(performance.now() - started)
      if (took > this.slowest) { this.slowest = took; this.slowestDuring = this.during }
      this.count = number
      await sleep(5)
    }
  }

  /** Waits until an edit that began after this call is through. */
  async next () {
    const target = this.count + 2
    await until(`honest edits go on during ${this.during}`, () => this.count >= target, 10)
  }

  async end () {
    this.isStopped = true
    await this.running
    assert.deepEqual(this.closes, [], 'honest connections stay')
    assert.ok(this.slowest < MOST_MS, `an honest edit took ${this.slowest} ms during ${this.slowestDuring}`)
  }

  stop () {
    this.isStopped = true
    this.writer.destroy()
    this.reader.destroy()
  }
}

/** Sends messages on a connection of their own; gives the code with which it was closed, if it was. */
async function attack (server, sent) {
  const socket = new WebSocket(`${server.url}/${ROOM}`)
  let code
  socket.on('error', () => {})
  socket.on('close', closed => { code = closed })
  await once(socket, 'open')
  for (const message of sent) socket.send(message)
  const end = Date.now() + 10_000
  while (code === undefined && socket.bufferedAmount > 0 && Date.now() < end) await sleep(2)
  for (let wait = 0; wait < 15 && code === undefined; wait++) await sleep(10)
  socket.terminate()
  return code
}

async function attackRaw (server, sent) {
  const socket = await rawClient(server, ROOM)
  socket.write(sent)
  await Promise.race([once(socket, 'close'), sleep(60)])
  socket.destroy()
}

async function closeCodeOfText (server) {
  const socket = new WebSocket(`${server.url}/${ROOM}`)
  await once(socket, 'open')
  socket.send('hello')
  const [code] = await once(socket, 'close')
  return code
}
