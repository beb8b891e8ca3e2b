// The binding of Quill, with an editor that keeps Quill's rule: its content always ends with a newline.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Delta from 'quill-delta'
import { OtClient } from '../dist/client.js'
import { bindQuill } from '../dist/quill.js'
import { generator } from './random.js'
import { Connection, Server } from './server.js'

class Editor {
  content = new Delta([{ insert: '\n' }])
  #handlers = {}

  setContents (ops) {
    this.content = new Delta(ops)
    this.#check()
  }

  updateContents (ops, source) {
    this.content = this.content.compose(new Delta(ops))
    this.#check()
    this.emit('text-change', new Delta(ops), undefined, source)
  }

  on (event, handler) { (this.#handlers[event] ??= new Set()).add(handler) }
  off (event, handler) { this.#handlers[event].delete(handler) }
  emit (event, ...values) { this.#handlers[event]?.forEach(handler => handler(...values)) }

  edit (delta) { this.updateContents(delta.ops, 'user') }

  #check () {
    assert.ok(this.content.ops.at(-1).insert.endsWith('\n'), JSON.stringify(this.content.ops))
    this.content.ops.forEach(op => assert.ok(op.insert))
  }
}

const bound = content => {
  const client = new OtClient({ root: 'notes', kind: 'delta' })
  const editor = new Editor()
  client.connect(() => {})
  client.receive({ type: 'content', epoch: 'e', revision: 1, id: 0, content })
  bindQuill(client, editor)
  let revision = 1
  return { client, editor, remote: op => client.receive({ type: 'op', revision: ++revision, op }) }
}

test('the last newline is shared only where something depends on it', () => {
  const { client, editor } = bound([])
  assert.deepEqual(editor.content.ops, [{ insert: '\n' }])
  editor.edit(new Delta().insert('ab'))
  assert.deepEqual(client.content, [{ insert: 'ab' }])
  editor.edit(new Delta().retain(2).insert('\n'))
  assert.deepEqual(client.content, [{ insert: 'ab\n\n' }])
  editor.edit(new Delta().retain(3).insert('c'))
  assert.deepEqual(client.content, [{ insert: 'ab\nc\n' }])

  const other = bound([{ insert: 'ab' }])
  other.editor.edit(new Delta().retain(2).retain(1, { header: 1 }))
  assert.deepEqual(other.client.content, [{ insert: 'ab' }, { insert: '\n', attributes: { header: 1 } }])
})

test('others give and take the last newline', () => {
  const { editor, remote } = bound([{ insert: 'ab' }])
  remote([{ retain: 2 }, { insert: '\n' }])
  assert.deepEqual(editor.content.ops, [{ insert: 'ab\n' }])
  remote([{ retain: 2 }, { delete: 1 }])
  assert.deepEqual(editor.content.ops, [{ insert: 'ab\n' }])
  remote([{ delete: 2 }])
  assert.deepEqual(editor.content.ops, [{ insert: '\n' }])
  remote([{ insert: { image: 'a.png' } }])
  assert.deepEqual(editor.content.ops, [{ insert: { image: 'a.png' } }, { insert: '\n' }])
})

test('a composition goes on while others type', () => {
  const { client, editor, remote } = bound([{ insert: 'ab' }])
  editor.emit('composition-before-start')
  remote([{ insert: 'X' }])
  remote([{ retain: 3 }, { insert: '\n' }])
  assert.deepEqual(editor.content.ops, [{ insert: 'ab\n' }])
  editor.edit(new Delta().retain(1).insert('に'))
  editor.emit('composition-end')
  assert.deepEqual(client.content, [{ insert: 'Xaにb\n' }])
  assert.deepEqual(editor.content.ops, [{ insert: 'Xaにb\n' }])
})

test('300 sessions: editors show what is shared', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = generator(seed)
    const server = new Server('delta', random)
    const sides = Array.from({ length: 3 }, () => {
      const client = new OtClient({ root: 'notes', kind: 'delta' })
      const editor = new Editor()
      bindQuill(client, editor)
      return { client, editor, connection: new Connection(server, client, random), isComposing: false }
    })
    const compose = side => {
      side.isComposing = !side.isComposing
      side.editor.emit(side.isComposing ? 'composition-before-start' : 'composition-end')
    }
    for (let step = 0; step < 60; step++) {
      const side = sides[random(3)]
      const { editor } = side
      const length = editor.content.length()
      const index = random(length)
      const delta = new Delta().retain(index)
      const dice = random(10)
      if (dice < 2) delta.insert('xyz'[random(3)])
      else if (dice < 3) delta.insert('\n', random(2) ? { header: 1 } : undefined)
      else if (dice < 4) delta.delete(Math.min(1 + random(4), length - 1 - index))
      else if (dice < 5) delta.retain(Math.min(1 + random(3), length - index), { bold: random(2) ? true : null })
      else if (dice < 6) compose(side)
      else side.connection.deliver()
      if (dice < 5 && delta.ops.length) editor.edit(delta.chop())
    }
    for (const side of sides) if (side.isComposing) compose(side)
    while (sides.some(({ connection }) => !connection.isIdle)) sides.forEach(({ connection }) => connection.deliver())
    const shared = server.content
    const last = shared.ops.at(-1)?.insert
    const shown = typeof last === 'string' && last.endsWith('\n') ? shared : shared.concat(new Delta().insert('\n'))
    for (const { client, editor } of sides) {
      assert.deepEqual(client.content, shared.ops, `seed ${seed}`)
      assert.deepEqual(editor.content.ops, shown.ops, `seed ${seed}`)
    }
  }
})
