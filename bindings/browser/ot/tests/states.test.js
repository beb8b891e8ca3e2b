// The client's states one by one: what it sends, takes in, ignores, and takes back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OtClient } from '../dist/client.js'
import { UndoManager } from '../dist/undo.js'

const insert = (index, text) => index ? [{ retain: index }, { insert: text }] : [{ insert: text }]

/** A client that was told a content, and what it sent since. */
const opened = (content = 'abc', options = {}) => {
  const client = new OtClient({ root: 'notes', ...options })
  const sent = []
  client.connect(message => sent.push(message))
  client.receive({ type: 'content', epoch: 'e', revision: 10, id: 0, content })
  sent.length = 0
  return { client, sent }
}

test('opens anew, and goes on from where it was', () => {
  const client = new OtClient({ root: 'notes' })
  const sent = []
  const connect = () => client.connect(message => sent.push(JSON.parse(JSON.stringify(message))))
  connect()
  const open = { type: 'open', root: 'notes', kind: 'text', session: client.session }
  assert.deepEqual(sent, [open])
  assert.ok(client.session.length > 20 && client.session.length <= 64)
  client.receive({ type: 'content', epoch: 'e', revision: 10, id: 0, content: 'abc' })
  assert.equal(client.text, 'abc')
  client.disconnect()
  client.edit(insert(3, 'd'))
  connect()
  assert.deepEqual(sent.slice(1), [{ ...open, epoch: 'e', revision: 10 }])
  client.receive({ type: 'op', revision: 12, op: insert(0, '-') })
  assert.equal(sent.length, 2, 'nothing before the past is complete')
  client.receive({ type: 'open', epoch: 'e', revision: 12, id: 0 })
  assert.deepEqual(sent.slice(2), [{ type: 'op', id: 1, revision: 12, op: insert(4, 'd') }])
})

test('one operation under way, the others composed behind it', () => {
  const { client, sent } = opened()
  assert.ok(client.isSynchronised)
  client.edit(insert(3, 'd'))
  client.edit(insert(4, 'e'))
  client.edit(insert(5, 'f'))
  assert.deepEqual(sent, [{ type: 'op', id: 1, revision: 10, op: insert(3, 'd') }])
  assert.deepEqual(client.buffer, insert(4, 'ef'))
  client.receive({ type: 'op', revision: 13, op: insert(3, 'X') })
  assert.equal(client.text, 'abcXdef', 'others stand before')
  client.receive({ type: 'ack', revision: 14, id: 1 })
  assert.deepEqual(sent.slice(1), [{ type: 'op', id: 2, revision: 14, op: insert(5, 'ef') }])
  client.receive({ type: 'ack', revision: 17, id: 2 })
  assert.ok(client.isSynchronised)
  assert.equal(client.revision, 17)
})

test('repeats change nothing', () => {
  const { client, sent } = opened()
  client.edit(insert(3, 'd'))
  const messages = [
    { type: 'op', revision: 11, op: insert(0, 'X') },
    { type: 'ack', revision: 12, id: 1 },
    { type: 'op', revision: 13, op: insert(0, 'Y') }
  ]
  for (const message of messages) {
    client.receive(message)
    for (const other of messages.slice(0, messages.indexOf(message) + 1)) client.receive(other)
  }
  client.receive({ type: 'content', epoch: 'e', revision: 10, id: 0, content: 'abc' })
  assert.equal(client.text, 'YXabcd')
  assert.equal(client.revision, 13)
  assert.equal(sent.length, 1)
})

test('content of the present revision only has the operation under way sent again', () => {
  const { client, sent } = opened([{ insert: 'abc', attributes: { bold: true, color: 'red' } }], { kind: 'delta' })
  client.edit([{ delete: 3 }])
  client.receive({
    type: 'content', epoch: 'e', revision: 10, id: 0, content: [{ insert: 'abc', attributes: { color: 'red', bold: true } }]
  })
  assert.deepEqual(sent, Array(2).fill({ type: 'op', id: 1, revision: 10, op: [{ delete: 3 }] }))
})

test('edits before the first content stay', () => {
  const client = new OtClient({ root: 'notes' })
  const sent = []
  client.edit(insert(0, 'mine'))
  client.connect(message => sent.push(message))
  client.receive({ type: 'content', epoch: 'e', revision: 3, id: 0, content: 'theirs ' })
  assert.equal(client.text, 'theirs mine')
  assert.deepEqual(sent[1], { type: 'op', id: 1, revision: 3, op: insert(7, 'mine') })
})

test('fresh content tells whether the operation under way is in it', () => {
  for (const isCarriedOut of [false, true]) {
    const { client, sent } = opened()
    client.edit(insert(3, 'd'))
    client.edit(insert(4, 'e'))
    const changes = []
    client.listeners.add(op => changes.push(op))
    client.disconnect()
    client.connect(() => {})
    const content = isCarriedOut ? 'Xabcd' : 'Xabc'
    client.connect(message => sent.push(message))
    client.receive({ type: 'content', epoch: 'f', revision: 2, id: Number(isCarriedOut), content })
    assert.equal(client.text, 'Xabcde')
    assert.deepEqual(changes, [insert(0, 'X')])
    assert.deepEqual(sent.at(-1), isCarriedOut
      ? { type: 'op', id: 2, revision: 2, op: insert(5, 'e') }
      : { type: 'op', id: 1, revision: 2, op: insert(4, 'd') })
  }
})

test('a refused operation is taken back, and what followed it stays', () => {
  const errors = []
  const { client, sent } = opened('abc', { onError: error => errors.push(error) })
  const { session } = client
  client.edit([{ retain: 1 }, { insert: 'XX' }, { delete: 1 }])
  client.edit(insert(2, 'y'))
  assert.equal(client.text, 'aXyXc')
  client.receive({ type: 'error', code: 'too-large', reason: 'no', id: 1 })
  assert.equal(client.text, 'abyc')
  assert.deepEqual(errors, [{ type: 'error', code: 'too-large', reason: 'no', id: 1 }])
  client.connect(message => sent.push(message))
  assert.equal(sent.at(-1).revision, undefined, 'asks for fresh content')
  assert.notEqual(sent.at(-1).session, session)
  client.receive({ type: 'content', epoch: 'e', revision: 11, id: 0, content: 'abc!' })
  assert.equal(client.text, 'abyc!')
  assert.deepEqual(sent.at(-1).op, insert(2, 'y'))
})

test('an error that is not about the operation under way takes nothing back', () => {
  const { client } = opened()
  client.edit(insert(3, 'd'))
  client.receive({ type: 'error', code: 'roots', reason: '' })
  assert.equal(client.text, 'abcd')
  assert.deepEqual(client.flight, insert(3, 'd'))
})

test('undo takes back one\'s own, whatever others did', () => {
  const { client } = opened()
  const undo = new UndoManager(client)
  client.edit(insert(3, 'd'))
  client.edit(insert(4, 'e'))
  client.receive({ type: 'op', revision: 11, op: [{ insert: 'XYZ' }] })
  undo.stopCapturing()
  client.edit([{ retain: 3 }, { delete: 2 }])
  assert.equal(client.text, 'XYZcde')
  undo.undo()
  assert.equal(client.text, 'XYZabcde')
  client.receive({ type: 'op', revision: 12, op: [{ retain: 1 }, { delete: 1 }] })
  undo.undo()
  assert.equal(client.text, 'XZabc')
  assert.ok(!undo.canUndo && undo.canRedo)
  client.receive({ type: 'op', revision: 13, op: [{ insert: '>' }] })
  undo.redo()
  undo.redo()
  assert.equal(client.text, '>XZcde')
  undo.undo()
  client.edit(insert(0, '<'))
  assert.ok(!undo.canRedo, 'an edit ends what could be redone')
})

test('undo keeps to its limit', () => {
  const { client } = opened('')
  const undo = new UndoManager(client, { captureTimeout: 0, limit: 3 })
  for (const [index, text] of [...'abcde'].entries()) client.edit(insert(index, text))
  for (let n = 9; n--;) undo.undo()
  assert.equal(client.text, 'ab')
})
