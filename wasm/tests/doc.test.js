// The package as a program uses it, beside real Yjs. `npm run build` comes first.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { before } from 'node:test'
import * as Y from 'yjs'
import { convertUpdateFormatV1ToV2, convertUpdateFormatV2ToV1, diffUpdate, diffUpdateV2, Doc, encodeStateVectorFromUpdate, initSync, mergeUpdates, mergeUpdatesV2 } from '../pkg/merganser.js'

before(() => {
  initSync({ module: readFileSync(new URL('../pkg/merganser_bg.wasm', import.meta.url)) })
})

test('each edit gives an update that Yjs applies', () => {
  const ours = new Doc(1)
  const theirs = new Y.Doc()
  const text = ours.text('note')
  const updates = [text.insert(0, 'a duck 🦆'), text.insert(2, 'diving '), text.delete(0, 2)]
  for (const update of updates) Y.applyUpdate(theirs, update)
  assert.equal(text.toString(), 'diving duck 🦆')
  assert.equal(theirs.getText('note').toString(), 'diving duck 🦆')
  assert.equal(text.length, 14)
  assert.equal(text.insert(0, ''), undefined)
  assert.deepEqual(ours.encodeStateVector(), Y.encodeStateVector(theirs))
})

test('what Yjs wrote is read, and differences by state vector go both ways', () => {
  const theirs = new Y.Doc()
  theirs.clientID = 7
  theirs.getText('note').insert(0, 'seen from the shore')
  const ours = new Doc(1)
  ours.applyUpdate(Y.encodeStateAsUpdate(theirs))
  assert.equal(ours.text('note').toString(), 'seen from the shore')
  ours.text('note').insert(0, 'ducks ')
  const difference = ours.encodeStateAsUpdate(Y.encodeStateVector(theirs))
  assert.ok(difference.length < ours.encodeStateAsUpdate().length)
  Y.applyUpdate(theirs, difference)
  assert.equal(theirs.getText('note').toString(), 'ducks seen from the shore')
})

test('values of all kinds come back as they were, from arrays and maps', () => {
  const values = [null, true, -0.5, 2 ** 53, 'ü', 12n, new Uint8Array([1, 255]), [1, ['two']], { a: { b: null } }]
  const ours = new Doc(1)
  const array = ours.array('list')
  array.insert(0, values)
  values.forEach((value, index) => ours.map('map').set(`key ${index}`, value))
  assert.deepEqual(array.toArray(), values)
  assert.equal(array.get(values.length), undefined)
  array.delete(0, 1)
  assert.deepEqual(array.get(0), true)
  ours.map('map').delete('key 0')
  assert.equal(ours.map('map').size, values.length - 1)
  const theirs = new Y.Doc()
  Y.applyUpdate(theirs, ours.encodeStateAsUpdate())
  assert.deepEqual(theirs.getArray('list').toArray(), values.slice(1))
  for (const key of ours.map('map').keys()) {
    assert.deepEqual(ours.map('map').get(key), theirs.getMap('map').get(key))
  }
})

test('shared types inside shared types come out as their classes', () => {
  const theirs = new Y.Doc()
  const inner = new Y.Text('inner')
  theirs.getMap('map').set('text', inner)
  const ours = new Doc(1)
  ours.applyUpdate(Y.encodeStateAsUpdate(theirs))
  const text = ours.map('map').get('text')
  Y.applyUpdate(theirs, text.insert(5, ' text'))
  assert.equal(inner.toString(), 'inner text')
})

test('updates are merged and cut without a document, as Yjs does', () => {
  const ours = new Doc(1)
  const text = ours.text('note')
  const first = text.insert(0, 'one ')
  const both = mergeUpdates([text.insert(4, 'two'), first])
  const theirs = new Y.Doc()
  Y.applyUpdate(theirs, both)
  assert.equal(theirs.getText('note').toString(), 'one two')
  assert.deepEqual(encodeStateVectorFromUpdate(both), Y.encodeStateVectorFromUpdate(both))
  const vector = encodeStateVectorFromUpdate(first)
  assert.deepEqual(diffUpdate(both, vector), Y.diffUpdate(both, vector))
  assert.throws(() => mergeUpdates([new Uint8Array([9])]), Error)
})

test('short strings come over as a TextEncoder would write them', () => {
  const text = new Doc(1).text('note')
  const strings = ['a', '\u00e9', '\u07ff\u0800', '\uffff', '\u{10000}', '\u{10ffff}', 'a\u9d28b\u{1f986}', '\ud83d', '\udc00\ud83d', '\ud83da', 'd'.repeat(31) + '\u9d28', 'd'.repeat(32) + '\u9d28']
  for (const string of strings) {
    text.insert(0, string)
    assert.equal(text.toString(), string.toWellFormed(), JSON.stringify(string))
    text.delete(0, text.length)
  }
})

test('what can not be done is thrown, and the document stays as it was', () => {
  const ours = new Doc(1)
  const text = ours.text('note')
  text.insert(0, '🦆')
  assert.throws(() => text.insert(3, 'x'), /out of range/)
  assert.throws(() => text.insert(1, 'x'), /surrogate/)
  assert.throws(() => ours.applyUpdate(new Uint8Array([1, 2, 3])), Error)
  const itself = []
  itself.push(itself)
  assert.throws(() => ours.array('list').insert(0, [itself]), /nested/)
  assert.throws(() => ours.map('map').set('f', () => 1), /functions/)
  assert.equal(text.toString(), '🦆')
  assert.equal(ours.array('list').length, 0)
})

test('client ids are kept, up to 53 bits, and drawn where none is given', () => {
  assert.equal(new Doc(2 ** 53 - 1).clientId, 2 ** 53 - 1)
  assert.notEqual(new Doc().clientId, new Doc().clientId)
})

test('updates go to format v2 and back, as in Yjs', () => {
  const theirs = new Y.Doc()
  theirs.getText('t').insert(0, 'a duck')
  theirs.getMap('m').set('k', [1, null, 'two'])
  const [v1, v2] = [Y.encodeStateAsUpdate(theirs), Y.encodeStateAsUpdateV2(theirs)]
  assert.deepEqual(Buffer.from(convertUpdateFormatV1ToV2(v1)), Buffer.from(Y.convertUpdateFormatV1ToV2(v1)))
  assert.deepEqual(Buffer.from(convertUpdateFormatV2ToV1(v2)), Buffer.from(Y.convertUpdateFormatV2ToV1(v2)))
  const ours = new Doc()
  ours.applyUpdateV2(v2)
  assert.equal(ours.text('t').toString(), 'a duck')
  assert.deepEqual(Buffer.from(ours.encodeStateAsUpdateV2()), Buffer.from(v2))
  const more = []
  theirs.on('updateV2', update => more.push(update))
  theirs.getText('t').insertEmbed(0, { picture: new Uint8Array([1, 255]), none: undefined })
  theirs.getText('t').insert(7, ' dives')
  const [merged, merged2] = [mergeUpdatesV2([v2, ...more]), Y.mergeUpdatesV2([v2, ...more])]
  assert.deepEqual(Buffer.from(merged), Buffer.from(merged2))
  const vector = Y.encodeStateVectorFromUpdateV2(v2)
  assert.deepEqual(Buffer.from(diffUpdateV2(merged, vector)), Buffer.from(Y.diffUpdateV2(merged, vector)))
  assert.throws(() => mergeUpdatesV2([new Uint8Array([0, 1])]), Error)
})
