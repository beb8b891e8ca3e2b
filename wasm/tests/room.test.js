import { readFileSync } from 'node:fs'
import test from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { create } from '../pkg/room.js'
import { create as createCore } from '../pkg/room-core.js'

const module = new WebAssembly.Module(readFileSync(new URL('../pkg/room_bg.wasm', import.meta.url)))
const { Room } = create(module)

const FLIPPED_BIT = 1
const NOW = 1_000

/** The messages of y-protocols, for byte strings of less than 128 bytes. */
const sync = (kind, bytes) => Uint8Array.of(0, kind, bytes.length, ...bytes)
const step1 = doc => sync(0, Y.encodeStateVector(doc))
const update = bytes => sync(2, bytes)

/** A host with rows in memory and connections that keep what they are sent. */
class Host {
  rows = new Map()
  attachments = new Map()
  heard = []
  answers = []
  effects = []
  storesLate = false

  constructor (options, Class = Room) {
    this.Class = Class
    this.open(options)
  }

  open (options) {
    this.room = new this.Class(5n, options)
    for (const [connection, bytes] of this.attachments) this.room.resume(connection, bytes, NOW)
    this.carryOut()
  }

  carryOut () {
    for (let effect = this.room.nextEffect(); effect; effect = this.room.nextEffect()) {
      this.effects.push(effect)
      switch (effect.kind) {
        case 'read': {
          const rows = [...this.rows].filter(([key]) => key >= effect.first && key <= effect.last).sort(([a], [b]) => a - b)
          this.room.rows(effect.token, rows, NOW)
          break
        }
        case 'write':
          for (const { key, bytes } of effect.rows) bytes ? this.rows.set(key, bytes) : this.rows.delete(key)
          if (!this.storesLate) this.room.written(effect.token, NOW)
          break
        case 'send':
          for (const to of effect.to) this.heard.push([to, effect.message])
          break
        case 'respond':
          this.answers.push([effect.connection, effect.status, JSON.parse(effect.body)])
          break
        case 'attach':
          this.attachments.set(effect.connection, effect.bytes)
      }
    }
  }

  receive (connection, message) {
    this.room.receive(connection, message, NOW)
    this.carryOut()
  }

  /** What a client without an engine says. */
  say (connection, message) { this.receive(connection, new TextEncoder().encode(JSON.stringify(message))) }

  /** What such a client was told, since this was asked last. */
  told (connection) {
    const told = this.heard.filter(([to]) => to === connection)
    this.heard = this.heard.filter(([to]) => to !== connection)
    return told.map(([, message]) => JSON.parse(message))
  }

  connect (connection, mayWrite = true) {
    this.room.connect(connection, mayWrite, NOW)
    this.carryOut()
    this.receive(connection, step1(new Y.Doc()))
  }

  /** What a connection was sent since this was asked last, applied to a document. */
  read (connection, doc) {
    for (const [to, message] of this.heard) {
      if (to === connection && message[0] === 0 && message[1] > 0) Y.applyUpdate(doc, message.subarray(3))
    }
    return doc.getText('text').toString()
  }
}

function write (doc, at, text) {
  let written
  doc.once('update', bytes => { written = bytes })
  doc.getText('text').insert(at, text)
  return update(written)
}

test('what one client writes is stored and reaches the other one', () => {
  const host = new Host({})
  host.connect(1)
  host.connect(2)
  const author = new Y.Doc()
  host.receive(1, write(author, 0, 'duck'))
  assert.equal(host.read(2, new Y.Doc()), 'duck')
  assert.equal(host.rows.size, 2, 'a manifest and a slot of the journal')
  assert.equal(host.room.meters().updatesNew, 1)
  assert.equal(host.room.isIdle, false)
  const copy = new Host({})
  copy.rows = host.rows
  copy.open({})
  copy.connect(1)
  assert.equal(copy.read(1, new Y.Doc()), 'duck')
})

test('within a window edits live in attachments, and outlive the room', () => {
  const options = { windowMs: 20_000 }
  const host = new Host(options)
  host.connect(1)
  host.connect(2)
  const author = new Y.Doc()
  host.receive(1, write(author, 0, 'duck'))
  assert.equal(host.rows.size, 0)
  const wake = host.effects.find(effect => effect.kind === 'wakeAt')
  assert.equal(wake.atMs, NOW + 60_000)
  host.room.free()
  host.open(options)
  host.connect(3)
  assert.equal(host.read(3, new Y.Doc()), 'duck')
  host.room.disconnect(3, NOW)
  host.carryOut()
  assert.equal(host.rows.size, 2, 'a close stores')
})

test('a connection without the right to write changes nothing', () => {
  const host = new Host({})
  host.connect(1, false)
  host.connect(2)
  host.receive(1, write(new Y.Doc(), 0, 'duck'))
  assert.equal(host.read(2, new Y.Doc()), '')
  assert.equal(host.heard.at(-1)[1][0], 2, 'it is told so')
})

test('a malformed message is closed, with a code and a reason', () => {
  const host = new Host({})
  host.connect(1)
  host.receive(1, Uint8Array.of(0, 2, 3, 1, 2, 3))
  const { connection, code, reason } = host.effects.at(-1)
  assert.deepEqual([connection, code, reason], [1, 4400, 'malformed message'])
})

test('a store that fails is told, and damage is named', () => {
  const host = new Host({})
  host.connect(1)
  host.receive(1, write(new Y.Doc(), 0, 'duck'))
  const [manifest, slot] = [...host.rows.keys()].sort((a, b) => a - b)
  host.rows.get(slot)[30] ^= FLIPPED_BIT
  host.open({})
  assert.deepEqual(host.room.damage(), [{ kind: 'row', key: slot }])
  host.rows.get(manifest)[30] ^= FLIPPED_BIT
  host.room = new Room(5n, {})
  const read = host.room.nextEffect()
  assert.equal(read.kind, 'read')
  host.room.readFailed(read.token, 'the disk is gone', NOW)
  while (host.room.nextEffect()) { /* the other read */ }
  host.room.connect(9, true, NOW)
  assert.equal(host.room.nextEffect().code, 4510)
  assert.throws(() => host.room.rows(1, ['no pair'], NOW), /pairs/)
  assert.throws(() => new Room(5n, { rowBytes: 3 }), /1,024/)
})

test('a manifest that is damaged is made anew, and that is told', () => {
  const host = new Host({})
  host.connect(1)
  host.receive(1, write(new Y.Doc(), 0, 'duck'))
  const manifest = Math.min(...host.rows.keys())
  host.rows.get(manifest)[30] ^= FLIPPED_BIT
  host.open({})
  // Its pages are looked for in turns.
  host.room.tick(NOW)
  host.carryOut()
  assert.deepEqual(host.room.damage(), [{ kind: 'row', key: manifest }, { kind: 'rebuilt', key: manifest }])
  host.open({})
  assert.deepEqual(host.room.damage(), [])
})

test('each instance has a memory of its own, and a failure stays in it', () => {
  const [one, other] = [create(module), create(module)]
  const open = ({ Room }) => new Room(5n, {})
  const [failing, sound] = [open(one), open(other)]
  new Uint8Array(one.memory.buffer).fill(0xff)
  assert.throws(() => failing.connect(1, true, NOW))
  assert.equal(sound.nextEffect().kind, 'read')
})

test('a client without an engine edits, and hears of it once that is stored', () => {
  const host = new Host({})
  host.connect(1)
  host.room.connectOt(2, true, NOW)
  host.say(2, { type: 'open', root: 'text', kind: 'text', session: 'bird' })
  const [opened] = host.told(2)
  assert.deepEqual([opened.type, opened.id, opened.content], ['content', 0, ''])
  host.storesLate = true
  host.say(2, { type: 'op', id: 1, revision: opened.revision, op: [{ insert: 'duck 🦆' }] })
  assert.deepEqual(host.told(2), [])
  host.room.written(host.effects.findLast(effect => effect.kind === 'write').token, NOW)
  host.storesLate = false
  host.carryOut()
  const [ack] = host.told(2)
  assert.deepEqual([ack.type, ack.id], ['ack', 1])
  host.connect(3)
  assert.equal(host.read(3, new Y.Doc()), 'duck 🦆')
  host.receive(1, write(new Y.Doc(), 0, 'wild '))
  assert.equal(host.told(2)[0].type, 'op')
  const { operations, documentsBuilt, historyChanges, historyBytes } = host.room.meters()
  assert.deepEqual([operations, documentsBuilt, historyChanges], [1, 1, 2])
  assert.ok(historyBytes > 0)
})

test('a request is answered, a stream goes on, and the incarnation makes a new epoch', () => {
  const host = new Host({})
  const subject = { root: 'text', isRich: true, session: '' }
  host.room.stream(1, subject, undefined, undefined, NOW)
  host.room.requestContent(2, subject, NOW)
  host.carryOut()
  const [, status, { epoch, revision, content }] = host.answers.pop()
  assert.deepEqual([status, content], [200, []])
  host.room.requestChanges(3, subject, epoch, revision, 20_000, NOW)
  const edit = { epoch, session: 'bird', id: 1, revision, op: [{ insert: 'duck', attributes: { bold: true } }] }
  host.room.requestEdit(4, true, subject, new TextEncoder().encode(JSON.stringify(edit)), NOW)
  host.carryOut()
  const answers = new Map(host.answers.map(([connection, ...answer]) => [connection, answer]))
  const [[changedStatus, changed], [editedStatus, edited]] = [answers.get(3), answers.get(4)]
  assert.deepEqual([changedStatus, changed.op, editedStatus, edited.op], [200, edit.op, 200, []])
  assert.ok(edited.revision > revision && changed.revision >= edited.revision)
  const events = host.heard.map(([, message]) => message)
  assert.equal(events.length, 2)
  assert.ok(events.every(event => event.startsWith(`id: ${epoch}:`) && event.endsWith('\n\n')))
  host.answers = []
  host.room.requestEdit(5, false, subject, new TextEncoder().encode(JSON.stringify(edit)), NOW)
  host.room.requestEdit(6, true, subject, new Uint8Array(), NOW)
  host.carryOut()
  assert.deepEqual(host.answers.map(([, status]) => status).sort(), [400, 403])
  host.open({ incarnation: 7 })
  host.room.requestContent(7, subject, NOW)
  host.carryOut()
  const again = host.answers.pop()[2]
  assert.deepEqual(again.content, edit.op)
  assert.notEqual(again.epoch, epoch)
})

test('the small room serves Yjs clients and turns others away', () => {
  const core = new WebAssembly.Module(readFileSync(new URL('../pkg/room-core_bg.wasm', import.meta.url)))
  const host = new Host({}, createCore(core).Room)
  host.connect(1)
  host.receive(1, write(new Y.Doc(), 0, 'duck'))
  host.room.connectOt(2, true, NOW)
  host.room.requestContent(3, { root: 'text', isRich: false, session: '' }, NOW)
  host.carryOut()
  assert.deepEqual(host.effects.filter(({ kind }) => kind === 'close').map(({ connection, code }) => [connection, code]), [[2, 4430]])
  assert.deepEqual(host.answers.map(([connection, status]) => [connection, status]), [[3, 501]])
  host.connect(4)
  assert.equal(host.read(4, new Y.Doc()), 'duck')
})
