// The binding of a textarea, with an element that has what the binding uses of one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OtClient } from '../dist/client.js'
import { bindTextarea } from '../dist/textarea.js'
import { UndoManager } from '../dist/undo.js'

class Element extends EventTarget {
  #value = ''
  selectionStart = 0
  selectionEnd = 0
  selectionDirection = 'none'
  scrollTop = 0

  get value () { return this.#value }

  set value (value) {
    this.#value = value
    this.selectionStart = this.selectionEnd = value.length
  }

  setSelectionRange (start, end, direction) {
    Object.assign(this, { selectionStart: start, selectionEnd: end, selectionDirection: direction ?? 'none' })
  }

  /** What a user does: replaces the selection. */
  type (text, isSilent) {
    const start = this.selectionStart
    this.#value = this.#value.slice(0, start) + text + this.#value.slice(this.selectionEnd)
    this.selectionStart = this.selectionEnd = start + text.length
    if (!isSilent) this.dispatchEvent(new Event('input'))
  }

  press (key, modifiers) {
    const event = Object.assign(new Event('keydown', { cancelable: true }), { key, ...modifiers })
    this.dispatchEvent(event)
    return event.defaultPrevented
  }
}

const bound = () => {
  const client = new OtClient({ root: 'notes' })
  const element = new Element()
  const undo = new UndoManager(client, { captureTimeout: 0 })
  const unbind = bindTextarea(client, element, undo)
  const sent = []
  client.connect(message => sent.push(message))
  client.receive({ type: 'content', epoch: 'e', revision: 1, id: 0, content: 'abcabc' })
  let revision = 1
  const remote = op => client.receive({ type: 'op', revision: ++revision, op })
  return { client, element, remote, sent, unbind }
}

test('what is typed becomes an operation at the caret', () => {
  const { client, element, sent } = bound()
  assert.equal(element.value, 'abcabc')
  element.setSelectionRange(0, 0)
  element.type('a')
  assert.deepEqual(sent.at(-1).op, [{ insert: 'a' }], 'not the one behind it')
  element.setSelectionRange(2, 4)
  element.type('')
  assert.equal(element.value, 'aaabc')
  assert.equal(client.text, 'aaabc')
})

test('others\' changes leave the selection with its text', () => {
  const { client, element, remote } = bound()
  element.setSelectionRange(2, 4, 'backward')
  remote([{ insert: 'XX' }, { retain: 3 }, { insert: 'YY' }, { delete: 2 }])
  assert.equal(element.value, 'XXabcYYc')
  assert.equal(client.text, element.value)
  assert.deepEqual([element.selectionStart, element.selectionEnd, element.selectionDirection], [4, 7, 'backward'])
  element.setSelectionRange(3, 3)
  remote([{ retain: 3 }, { insert: '!' }])
  assert.equal(element.selectionStart, 3, 'text at the caret comes behind it')
})

test('a composition goes on while others type', () => {
  const { client, element, remote } = bound()
  element.setSelectionRange(6, 6)
  element.dispatchEvent(new Event('compositionstart'))
  element.type('に')
  remote([{ insert: 'XX' }])
  assert.equal(element.value, 'abcabcに', 'the value is left alone')
  element.type('ほん', true)
  element.dispatchEvent(new Event('input'))
  remote([{ retain: 8 }, { insert: '!' }])
  assert.equal(client.text, 'XXabcabc!')
  element.dispatchEvent(new Event('compositionend'))
  assert.equal(element.value, 'XXabcabc!にほん')
  assert.equal(client.text, element.value)
  assert.equal(element.selectionStart, 12)
  element.type('.')
  assert.equal(client.text, 'XXabcabc!にほん.')
})

test('a composition that is given up', () => {
  const { client, element, remote } = bound()
  element.dispatchEvent(new Event('compositionstart'))
  remote([{ insert: 'XX' }])
  element.dispatchEvent(new Event('compositionend'))
  assert.equal(element.value, 'XXabcabc')
  assert.ok(client.isSynchronised)
})

test('the keys for undo and redo', () => {
  const { client, element, remote } = bound()
  element.setSelectionRange(3, 3)
  element.type('1')
  element.type('2')
  remote([{ insert: 'XX' }])
  assert.ok(element.press('z', { ctrlKey: true }))
  assert.ok(element.press('z', { metaKey: true }))
  assert.equal(element.value, 'XXabcabc')
  assert.equal(element.selectionStart, 5)
  assert.ok(element.press('y', { ctrlKey: true }))
  assert.ok(element.press('Z', { metaKey: true, shiftKey: true }))
  assert.equal(element.value, 'XXabc12abc')
  assert.equal(element.selectionStart, 7)
  assert.ok(!element.press('z', {}) && !element.press('y', { metaKey: true }) && !element.press('a', { ctrlKey: true }))
  element.dispatchEvent(Object.assign(new Event('beforeinput', { cancelable: true }), { inputType: 'historyUndo' }))
  assert.equal(client.text, 'XXabc1abc')
})

test('no binding any more', () => {
  const { client, element, remote, unbind } = bound()
  unbind()
  element.setSelectionRange(6, 6)
  element.type('x')
  remote([{ insert: 'y' }])
  assert.equal(client.text, 'yabcabc')
  assert.equal(element.value, 'abcabcx')
})
