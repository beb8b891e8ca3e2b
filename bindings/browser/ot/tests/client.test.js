// Sessions of several clients with a server, through connections that fail. What fails is shown by its seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Delta from 'quill-delta'
import { OtClient } from '../dist/client.js'
import { UndoManager } from '../dist/undo.js'
import { generator } from './random.js'
import { Connection, Server } from './server.js'

const SESSIONS = Number(process.env.SESSIONS ?? 200)
const FIRST = Number(process.env.FIRST ?? 0)

/** A client with an editor that knows only what it is told. */
class Participant {
  errors = []
  connection

  constructor (kind, random) {
    this.random = random
    this.client = new OtClient({ root: 'notes', kind, onError: error => this.errors.push(error) })
    this.undo = new UndoManager(this.client, { captureTimeout: random(2) ? 0 : 500 })
    this.editor = new Delta()
    this.client.listeners.add((op, _origin, before) => {
      assert.deepEqual(before, this.editor.ops)
      this.editor = this.editor.compose(new Delta(op))
    })
  }

  edit (op) {
    this.client.edit(op.ops, this)
  }

  check () {
    assert.deepEqual(this.client.content, this.editor.ops)
  }
}

const isPairEnd = (text, index) =>
  /^[\udc00-\udfff]/.test(text.slice(index)) && /[\ud800-\udbff]$/.test(text.slice(0, index))

/** Modes: 'insert' counts what was typed; 'all' edits, undoes and restores; 'refuse' has operations refused. */
const session = seed => {
  const random = generator(seed)
  const kind = ['text', 'delta'][random(2)]
  const mode = ['insert', 'all', 'all', 'refuse'][random(4)]
  const isRestoring = mode === 'all' && random(3) === 0
  const server = new Server(kind, random)
  server.refuses = mode === 'refuse'
  const participants = Array.from({ length: 2 + random(3) }, () => new Participant(kind, random))
  const live = []
  let typed = 0

  const connect = participant => {
    if (participant.connection && !participant.connection.isCut) return
    participant.connection = new Connection(server, participant.client, random)
    live.push(participant.connection)
  }
  const edit = participant => {
    const text = participant.client.text
    let index = random(text.length + 1)
    if (isPairEnd(text, index)) index--
    const op = new Delta().retain(index)
    const left = text.length - index
    if (mode === 'insert' || random(3) || !left) {
      // Each character is typed once; every other is a surrogate pair.
      const code = (random(2) ? 0x4e00 : 0x20000) + typed++
      op.insert(String.fromCodePoint(code), kind === 'delta' && random(2) ? { bold: true } : undefined)
    } else {
      let length = 1 + random(Math.min(left, 4))
      if (isPairEnd(text, index + length)) length++
      if (kind === 'text' || random(2)) op.delete(length)
      else if (random(4)) op.retain(length, { bold: random(2) ? true : null, colour: ['red', 'blue', null][random(3)] })
      else op.insert({ image: 'a.png' })
    }
    participant.edit(op)
  }
  const deliver = () => {
    const connection = live[random(live.length)]
    if (!connection) return
    connection.deliver()
    if (connection.isCut && connection.isIdle) live.splice(live.indexOf(connection), 1)
  }

  for (let step = 0; step < 150; step++) {
    const participant = participants[random(participants.length)]
    const dice = random(100)
    if (dice < 25) edit(participant)
    else if (dice < 30 && mode !== 'insert') participant.undo[random(3) ? 'undo' : 'redo']()
    else if (dice < 33) participant.connection?.cut()
    else if (dice < 42) connect(participant)
    else if (dice < 43) server.restart()
    else if (dice < 45) server.forget(random(4))
    else if (dice < 47 && isRestoring) server.save()
    else if (dice < 48 && isRestoring) server.restore()
    else if (dice < 49) participant.undo.stopCapturing()
    else for (let n = random(4); n--;) deliver()
    participant.check()
  }

  server.refuses = false
  for (let rounds = 0; ; rounds++) {
    assert.ok(rounds < 100, 'comes to rest')
    participants.forEach(connect)
    while (live.some(connection => !connection.isIdle)) deliver()
    if (participants.every(({ connection, client }) => !connection.isCut && client.isSynchronised)) break
  }
  for (const participant of participants) {
    participant.check()
    assert.deepEqual(participant.client.content, server.content.ops)
    if (mode !== 'refuse') assert.deepEqual(participant.errors, [])
  }
  if (mode === 'insert') {
    const found = [...participants[0].client.text]
    assert.equal(found.length, typed, 'each character once')
    assert.equal(new Set(found).size, typed)
  }
  return { mode, typed, refused: participants.reduce((sum, { errors }) => sum + errors.length, 0) }
}

test(`${SESSIONS} sessions from seed ${FIRST} on`, t => {
  const counts = { typed: 0, refused: 0, insert: 0, all: 0, refuse: 0 }
  for (let seed = FIRST; seed < FIRST + SESSIONS; seed++) {
    try {
      const { mode, typed, refused } = session(seed)
      counts[mode]++
      counts.typed += typed
      counts.refused += refused
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`
      throw error
    }
  }
  t.diagnostic(JSON.stringify(counts))
})
