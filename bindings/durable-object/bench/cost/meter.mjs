// A host in workerd, and what it is used for and billed: the clients' sockets tell it what they send.
import { request } from 'node:http'
import { join } from 'node:path'
import { Process } from '../process.mjs'
import { sleep } from './clock.mjs'

/** So long after its last event an object is evicted. */
const AWAKE_MS = 10_000
/** In scripted time the host is waited for at least so often: a client that hears nothing for 30 s takes its connection for dead. */
const ANSWERED_MS = 5_000

export class Meter {
  socket
  #clock
  #told
  #sentMs = 0
  #answeredMs = 0
  #asked = []

  /** Starts a host whose rooms have these options. */
  static async start (roomOptions = {}) {
    const meter = new Meter()
    meter.process = await Process.start(join(import.meta.dirname, '../metered.ts'), true, { ROOM_OPTIONS: roomOptions })
    return meter
  }

  get url () { return `ws://127.0.0.1:${this.process.port}` }

  /** From now on the host's time is that of this clock; without one it is the real one. */
  follow (clock) {
    this.#clock = clock
    if (clock) clock.before = toMs => this.#goOn(toMs)
  }

  /** A client is about to send. */
  sends (socket) {
    if (!this.#clock) return
    this.#sentMs = this.#clock.now
    if (this.#told === this.#sentMs) return
    this.#told = this.#sentMs
    socket.say(`@${this.#told}`)
  }

  hears () { return this.#asked.shift()?.() ?? true }

  /** Waits until the host has read all that was sent, and its answers are here. */
  async answered () {
    this.#answeredMs = this.#clock.now
    if (this.socket?.readyState !== 1) return
    await new Promise(resolve => {
      this.#asked.push(resolve)
      this.socket.say('?')
    })
  }

  /** Time goes on: with the host awake or, after a silence, evicted. */
  async #goOn (toMs) {
    const wasSilent = toMs - this.#sentMs >= AWAKE_MS
    if ((wasSilent && this.#sentMs > 0) || toMs - this.#answeredMs >= ANSWERED_MS) await this.answered()
    if (!wasSilent || this.#sentMs === 0) return
    this.#sentMs = 0
    await this.ask('evict')
  }

  /** Asks the part of the Worker that counts. */
  ask (path) {
    return new Promise((resolve, reject) => {
      request({ port: this.process.port, path: `/test/${path}`, agent: false }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', part => { text += part }).on('end', () => resolve(JSON.parse(text)))
      }).on('error', reject).end()
    })
  }

  /** What this document was billed so far. */
  billed (room) { return this.ask(`billed/${room}`) }

  end () { return this.process.end() }

  /** Waits until so many connections to a document have been closed. */
  async closed (room, times) {
    while ((await this.billed(room)).closes < times) await sleep(5)
  }
}
