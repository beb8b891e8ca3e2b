// A client as light as one can be: it speaks the protocol and keeps no document.
import { once } from 'node:events'
import { connect } from 'node:net'

/** Frames that are no messages. */
const CLOSE = 8
const PING = 9
const PONG = 10
/** Closed without a code. */
const NO_CODE = 1005
const SYNC = 0
export const STEP_1 = 0
export const STEP_2 = 1
export const UPDATE = 2
const AWARENESS = 1
const QUERY_AWARENESS = 3
/** An update with nothing in it. */
export const NOTHING = Buffer.from([0, 0])
/** What it shows of itself. */
const SHOWN = Buffer.from('{"user":{"name":"Somebody","color":"#30bced","colorLight":"#30bced33"}}')

export function varUint (value) {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128)
  return [...bytes, value]
}

/** A message of the sync protocol. */
export const message = (kind, update) => Buffer.concat([Buffer.from([SYNC, kind, ...varUint(update.length)]), update])

/** A frame with a mask of zeros: so its content is as it is. */
function frame (content) {
  const { length } = content
  const head = length < 126 ? [0x80 | length] : length < 65_536 ? [0xfe, length >> 8, length & 255] : [0xff, 0, 0, 0, 0, ...[24, 16, 8, 0].map(bits => length >>> bits & 255)]
  return Buffer.concat([Buffer.from([0x82, ...head, 0, 0, 0, 0]), content])
}

export class LightClient {
  /** Updates that came. */
  received = 0
  /** Times at which somebody showed himself: a lone client hears its own beats. */
  shown = 0
  bytes = 0
  /** Messages with an update that came, if it `keeps` them. */
  kept = []
  /** The code with which it was closed. */
  closed
  #seen
  #id = Math.floor(Math.random() * 2 ** 32)
  #clock = 0
  /** What came and is not whole yet, and how long it has to be for that. */
  #rest = []
  #restBytes = 0
  #wholeBytes = 2
  #waiters = []
  #lost

  /**
   * Connects to a document and, if it is one, waits until it has been sent all of it. Who was there before has a state
   * vector, and answers with an update of all deletes that it knows. Only who `mayBeClosed` survives that.
   */
  static async open (port, room, { joins = true, vector = Buffer.from([0]), answer = NOTHING, mayBeClosed = false, keeps = false } = {}) {
    const client = new LightClient()
    Object.assign(client, { answer, mayBeClosed, keeps })
    client.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    client.socket.write(`GET /${room} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    const [head] = await once(client.socket, 'data')
    const end = head.indexOf('\r\n\r\n') + 4
    client.socket.on('data', data => client.#take(data))
    client.socket.on('error', error => client.#lose(error))
    client.socket.on('close', () => client.#lose(new Error('the connection was lost')))
    client.#take(head.subarray(end))
    if (joins) {
      // It shows itself, as an editor does.
      client.beat()
      client.socket.write(frame(message(STEP_1, vector)))
      await client.until(() => client.isSynced)
    }
    return client
  }

  #take (data) {
    this.#rest.push(data)
    this.#restBytes += data.length
    // A message may be as large as the document: it is put together once.
    if (this.#restBytes < this.#wholeBytes) return
    let rest = this.#rest.length > 1 ? Buffer.concat(this.#rest) : data
    for (;;) {
      this.#wholeBytes = 2
      if (rest.length < 2) break
      const short = rest[1] & 127
      const at = short < 126 ? 2 : short === 126 ? 4 : 10
      this.#wholeBytes = at
      if (rest.length < at) break
      const length = at === 2 ? short : at === 4 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
      this.#wholeBytes = at + length
      if (rest.length < at + length) break
      this.#hear(rest[0] & 15, rest.subarray(at, at + length))
      rest = rest.subarray(at + length)
    }
    this.#rest = [rest]
    this.#restBytes = rest.length
    this.#waiters = this.#waiters.filter(({ condition, resolve }) => !condition() || resolve())
  }

  /** Nothing will come any more: whoever waits, or will, waits in vain. */
  #lose (error) {
    this.#lost ??= error
    for (const { reject } of this.#waiters.splice(0)) reject(this.#lost)
  }

  #hear (opcode, content) {
    if (opcode === PING) return this.socket.write(Buffer.concat([Buffer.from([0x80 | PONG, 0x80 | content.length, 0, 0, 0, 0]), content]))
    if (opcode === CLOSE) {
      this.closed = content.length ? content.readUInt16BE(0) : NO_CODE
      if (!this.mayBeClosed) this.#lose(new Error(`closed with ${this.closed} ${content.subarray(2)}`))
      return
    }
    if (content[0] === AWARENESS) {
      this.shown++
      this.#seen = content
    }
    // Of a client that is sent much, this is asked for to see whether it keeps up.
    if (content[0] === QUERY_AWARENESS) this.beat()
    if (content[0] !== SYNC) return
    this.bytes += content.length
    // It has nothing that the host lacks, and says so.
    if (content[1] === STEP_1) this.socket.write(frame(message(STEP_2, this.answer)))
    if (content[1] === STEP_2) this.isSynced = true
    if (content[1] !== UPDATE) return
    this.received++
    if (this.keeps) this.kept.push(Buffer.from(content))
  }

  until (condition) {
    if (condition()) return undefined
    return this.#lost ? Promise.reject(this.#lost) : new Promise((resolve, reject) => this.#waiters.push({ condition, resolve, reject }))
  }

  /** Shows itself, as an editor does every 15 s: what others see. */
  beat () {
    const shown = Buffer.from([...varUint(this.#id), ...varUint(++this.#clock), SHOWN.length, ...SHOWN])
    this.socket.write(frame(Buffer.from([AWARENESS, ...varUint(shown.length + 1), 1, ...shown])))
    return shown
  }

  /** Whether this is what was seen last: all that was sent before it has come as well, in however many messages. */
  sees (shown) { return this.#seen?.includes(shown) ?? false }

  /** Sends a message as another one got it. */
  relay (content) { this.socket.write(frame(content)) }
  send (update) { this.socket.write(frame(message(UPDATE, update))) }
  end () { this.socket.destroy() }
}
