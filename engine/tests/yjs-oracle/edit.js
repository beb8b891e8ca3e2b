// One random transaction on a document: a few edits of types that a walk from the roots comes to, or an undo.

import * as Y from 'yjs'

// mulberry32: a seed means the same for ever.
const random = seed => {
  let state = seed >>> 0
  return limit => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(limit, 1)
  }
}

const WORDS = ['a', 'bc', ' ', '\n', 'é', 'ß\u0301', '鴨の池', '🦆', 'x🦆y', '👩‍👩‍👧', '🇨🇭', '', 'lorem ipsum', '\u0000', '\ufeff', '\ufffd']
const KEYS = ['k', 'id', 'class', 'ключ', '']
const NAMES = ['p', 'div', 'x-é']
const FORMATS = [{ b: true }, { b: null }, { i: true }, { i: null }, { b: true, i: true }, { c: 'red' }, { c: 'blue' }, { c: null }, { n: 0.5 }, { o: { k: [1] } }]

const one = (of, below) => of[below(of.length)]

const plain = below => {
  switch (below(14)) {
    case 0: return null
    case 1: return true
    case 2: return below(1000) - 500
    case 3: return 2 ** 31 + below(1000)
    case 4: return (below(1000) - 500) / 8
    case 5: return one([NaN, Infinity, -Infinity, -0, 2 ** 53, 1e300, 0.1], below)
    case 6: return undefined
    case 7: return BigInt(below(1000)) - 500n
    case 8: return new Uint8Array([below(256), 0, 255])
    case 9: return [1, [one(WORDS, below)], { k: null }]
    case 10: return { k: below(10), [one(KEYS, below)]: [one(WORDS, below)] }
    default: return one(WORDS, below)
  }
}

const xml = (below, depth) => {
  if (below(12) === 0) return new Y.XmlHook(one(['hook', ''], below))
  if (depth === 0 || below(3) === 0) return new Y.XmlText(one(WORDS, below))
  const element = new Y.XmlElement(one(NAMES, below))
  if (below(2) === 0) element.setAttribute(one(KEYS, below), one(WORDS, below))
  element.insert(0, Array.from({ length: below(3) }, () => xml(below, depth - 1)))
  return element
}

const value = (below, depth) => {
  if (depth === 0 || below(3) > 0) return plain(below)
  switch (below(6)) {
    case 0: return Y.Array.from(Array.from({ length: below(3) }, () => listed(value(below, depth - 1))))
    case 1: return new Y.Map([[one(KEYS, below), value(below, depth - 1)], ['z', value(below, depth - 1)]])
    case 2: return new Y.Text(one(WORDS, below))
    case 3: return xml(below, depth)
    case 4: return new Y.Doc({ guid: 'doc' + below(5), gc: below(2) === 0, meta: one([null, { k: 1 }], below) })
    default: return new Y.Text('nested')
  }
}

// A place in a text. Only where pairs may be split is it let between the halves of one. Narrow: near the start.
const place = (type, below, { splits, narrow }) => {
  const at = below(Math.min(type.length, narrow ? 3 : type.length) + 1)
  if (splits) return at
  const units = type.toDelta().map(op => typeof op.insert === 'string' ? op.insert : ' ').join('')
  const code = units.charCodeAt(at)
  return code >= 0xdc00 && code < 0xe000 && at > 0 ? at - 1 : at
}

const editText = (type, below, how) => {
  const [a, b] = [place(type, below, how), place(type, below, how)].sort((a, b) => a - b)
  switch (below(9)) {
    case 0: return type.insert(a, one(WORDS, below), one(FORMATS, below))
    case 1: return type.insertEmbed(a, one([{ image: 1 }, { s: '🦆' }], below), below(2) === 0 ? {} : one(FORMATS, below))
    case 2: case 3: return type.delete(a, b - a)
    case 4: case 5: return type.format(a, b - a, one(FORMATS, below))
    case 6: return type instanceof Y.XmlText ? type.setAttribute(one(KEYS, below), one(WORDS, below)) : undefined
    default: return type.insert(a, one(WORDS, below))
  }
}

// Yjs takes neither undefined nor a BigInt as an element of a list, only inside of one.
const listed = value => value === undefined || typeof value === 'bigint' ? [value] : value

const editList = (type, below, { narrow }, make) => {
  const at = below(Math.min(type.length, narrow ? 2 : type.length) + 1)
  if (below(3) === 0) return type.delete(at, Math.min(1 + below(3), type.length - at))
  const values = Array.from({ length: 1 + below(3) }, make)
  switch (below(6)) {
    case 0: return type.push(values)
    case 1: return type.unshift(values)
    case 2: return type instanceof Y.XmlFragment ? type.insertAfter(at < type.length ? type.get(at) : null, values) : type.insert(at, values)
    default: return type.insert(at, values)
  }
}

const editOne = (type, below, how) => {
  if (type instanceof Y.Text) return editText(type, below, how)
  if (type instanceof Y.Array) return editList(type, below, how, () => listed(value(below, 2)))
  if (type instanceof Y.Map) {
    const key = one(KEYS, below)
    if (below(16) === 0) return type.clear()
    return below(4) === 0 ? type.delete(key) : type.set(key, value(below, 2))
  }
  if (type instanceof Y.XmlElement && below(3) === 0) {
    const key = one(KEYS, below)
    return below(3) === 0 ? type.removeAttribute(key) : type.setAttribute(key, one(WORDS, below))
  }
  return editList(type, below, how, () => xml(below, 2))
}

const children = type => {
  const values = type instanceof Y.Map ? [...type.values()] : type instanceof Y.Text ? [] : type.toArray()
  return values.filter(value => value instanceof Y.AbstractType)
}

const walk = (type, below) => {
  const inner = children(type)
  return inner.length > 0 && below(3) > 0 ? walk(one(inner, below), below) : type
}

export const edit = ({ doc, roots, undo }, seed, how) => {
  const below = random(seed)
  if (undo !== null && below(5) === 0) return below(3) === 0 ? undo.redo() : undo.undo()
  doc.transact(() => {
    for (let left = 1 + below(3); left > 0; left--) {
      editOne(walk(one(Object.values(roots).concat(roots.t, roots.t), below), below), below, how)
    }
  })
}
