// A server in memory with a linear log, written on quill-delta, and connections that delay, repeat and lose messages.
import assert from 'node:assert/strict'
import Delta from 'quill-delta'

const isWhole = text => !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)
const plain = delta => delta.ops.map(op => typeof op.insert === 'string' ? op.insert : '\ufffc').join('')

export class Server {
  content = new Delta()
  revision = 0
  epoch = 'first'
  /** What is known of the past: all after `oldest`. */
  log = []
  oldest = 0
  /** The last operation of each session, and the revision that it made. */
  last = new Map()
  /** From the oldest to the newest. */
  connections = new Set()
  refuses = false
  #random
  #snapshots = []

  constructor (kind, random) {
    this.kind = kind
    this.#random = random
  }

  receive (connection, message) {
    if (connection.isDeaf) return
    if (message.type === 'open') this.#open(connection, message)
    else this.#op(connection, message)
  }

  #open (connection, { kind, session, epoch, revision }) {
    assert.equal(kind, this.kind)
    assert.equal(connection.session, undefined)
    connection.session = session
    const { id } = this.#lastOf(session)
    if (epoch !== this.epoch || revision < this.oldest) {
      // What it had sent before is not to be carried out any more: it will come again in another form.
      for (const other of this.connections) {
        if (other === connection) break
        if (other.session === session) other.isDeaf = true
      }
      this.#sendContent(connection)
    } else {
      assert.ok(revision <= this.revision)
      // One by one, as everybody else got them: past a composition of these an operation may come out differently, for a
      // composition no longer tells on which side of what it deletes its inserts were.
      for (const entry of this.log.filter(entry => entry.revision > revision)) this.#tell(connection, entry)
      connection.send({ type: 'open', epoch: this.epoch, revision: this.revision, id })
    }
    connection.isOpen = true
  }

  #op (connection, { id, revision, op }) {
    assert.ok(connection.isOpen, 'an operation before the answer to `open`')
    assert.ok(op.length > 0)
    const { session } = connection
    const last = this.#lastOf(session)
    if (id === last.id) return connection.send({ type: 'ack', revision: last.revision, id })
    if (id < last.id) return connection.send({ type: 'error', code: 'id', reason: '', id })
    if (revision < this.oldest) return this.#sendContent(connection)
    assert.ok(revision <= this.revision)
    if (this.refuses && this.#random(4) === 0) return connection.send({ type: 'error', code: 'too-large', reason: '', id })
    let change = new Delta(op)
    for (const entry of this.log) {
      if (entry.revision > revision) change = new Delta(entry.op).transform(change, true)
    }
    this.apply(change, session, id)
  }

  apply (change, session, id) {
    assert.ok(change.reduce((sum, { retain, delete: deleted }) => sum + (retain ?? deleted ?? 0), 0) <= this.content.length())
    this.#assertWhole(change)
    this.content = this.content.compose(change)
    this.revision += 1 + this.#random(3)
    this.log.push({ revision: this.revision, op: change.ops, session, id })
    if (session) this.last.set(session, { id, revision: this.revision })
    for (const connection of this.connections) if (connection.isOpen) this.#tell(connection, this.log.at(-1))
  }

  /** Loses its history, and all connections. */
  restart () {
    this.forget()
    for (const connection of this.connections) {
      connection.isDeaf = true
      connection.cut()
    }
  }

  /** Keeps no more than a part of the history. */
  forget (kept = 0) {
    this.log = kept ? this.log.slice(-kept) : []
    this.oldest = this.log.length ? this.log[0].revision : this.revision
    this.log.shift()
  }

  save () {
    this.#snapshots.push({ content: this.content, revision: this.revision, last: new Map(this.last) })
  }

  /** Puts the document back to an earlier state. */
  restore () {
    const snapshot = this.#snapshots.pop()
    if (!snapshot) return
    Object.assign(this, snapshot)
    this.epoch += '+'
    this.restart()
  }

  #lastOf (session) {
    return this.last.get(session) ?? { id: 0, revision: 0 }
  }

  #tell (connection, { revision, op, session, id }) {
    connection.send(connection.session === session ? { type: 'ack', revision, id } : { type: 'op', revision, op })
  }

  #sendContent (connection) {
    const content = this.kind === 'text' ? plain(this.content) : this.content.ops
    const { id } = this.#lastOf(connection.session)
    connection.send({ type: 'content', epoch: this.epoch, revision: this.revision, id, content })
  }

  #assertWhole (change) {
    const text = plain(this.content)
    let index = 0
    for (const op of change.ops) {
      if (typeof op.insert === 'string') assert.ok(isWhole(op.insert), JSON.stringify(op))
      index += op.retain ?? op.delete ?? 0
      assert.ok(isWhole(text.slice(0, index)), `${JSON.stringify(change.ops)} ends within a pair`)
      if (this.kind === 'text') assert.ok(!op.attributes && typeof op.insert !== 'object')
    }
  }
}

/** A connection of a client with the server. Nothing arrives by itself: `deliver` brings one message. */
export class Connection {
  isOpen = false
  isDeaf = false
  isCut = false
  #up = []
  #down = []
  #server
  #client
  #random

  constructor (server, client, random) {
    this.#server = server
    this.#client = client
    this.#random = random
    server.connections.add(this)
    client.connect(message => {
      assert.ok(!this.isCut, 'sent without a connection')
      // What is sent is a copy, at times twice.
      for (let n = message.type === 'op' && !random(10) ? 2 : 1; n--;) this.#up.push(structuredClone(message))
    })
  }

  send (message) {
    for (let n = /op|ack/.test(message.type) && message.type !== 'open' && !this.#random(10) ? 2 : 1; n--;) {
      this.#down.push(structuredClone(message))
    }
  }

  /** The client gets no more; what it sent may still arrive, or not. */
  cut () {
    if (this.isCut) return
    this.isCut = true
    this.#client.disconnect()
    this.#up.length = this.#random(this.#up.length + 1)
  }

  get isIdle () {
    return !this.#up.length && (this.isCut || !this.#down.length)
  }

  deliver () {
    if (this.#up.length && (this.isCut || this.#random(2))) return this.#server.receive(this, this.#up.shift())
    if (this.isCut) return this.#server.connections.delete(this)
    const message = this.#down.shift()
    if (!message) return
    this.#client.receive(message)
    if (message.type === 'error') this.cut()
  }
}
