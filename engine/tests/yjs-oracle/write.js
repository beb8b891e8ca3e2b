// Writing calls of all types, as the conformance cases note them, with some that they have not.

import * as Y from 'yjs'
import { typeAt } from './paths.js'

const all = (values, of) => Object.entries(values).map(([key, value]) => [key, of(value)])

const change = op => op.insert === undefined ? op : { ...op, insert: made(op.insert) }

const text = (into, { delta, attrs }) => {
  if (delta) into.applyDelta(delta.map(change))
  all(attrs ?? {}, made).forEach(([key, value]) => into.setAttribute(key, value))
  return into
}

const type = of => {
  switch (of.kind) {
    case 'Array': return Y.Array.from(of.v.map(made))
    case 'Map': return new Y.Map(all(of.v, made))
    case 'Text': return text(new Y.Text(of.text), of)
    case 'XmlText': return text(new Y.XmlText(of.text), of)
    case 'XmlHook': {
      const hook = new Y.XmlHook(of.name)
      all(of.v, made).forEach(([key, value]) => hook.set(key, value))
      return hook
    }
    case 'XmlFragment': {
      const fragment = new Y.XmlFragment()
      fragment.insert(0, of.children.map(made))
      return fragment
    }
    case 'XmlElement': {
      const element = new Y.XmlElement(of.name)
      all(of.attrs, made).forEach(([key, value]) => element.setAttribute(key, value))
      element.insert(0, of.children.map(made))
      return element
    }
    default: throw new Error(`unknown kind ${of.kind}`)
  }
}

const made = value => {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(made)
  switch (value.$) {
    case undefined: return Object.fromEntries(all(value, made))
    case 'undefined': return undefined
    case 'f64': return new DataView(new BigUint64Array([BigInt('0x' + value.hex)]).buffer).getFloat64(0, true)
    case 'bigint': return BigInt(value.v)
    case 'bytes': return new Uint8Array(Buffer.from(value.b64, 'base64'))
    case 'doc': return new Y.Doc({ guid: value.guid })
    default: return type(value)
  }
}

const CALLS = {
  textInsert: (of, { at, text, attrs }) => of.insert(at, text, attrs),
  textEmbed: (of, { at, value, attrs }) => of.insertEmbed(at, made(value), attrs),
  textDelete: (of, { at, len }) => of.delete(at, len),
  textFormat: (of, { at, len, attrs }) => of.format(at, len, attrs),
  textDelta: (of, { delta, sanitize }) => {
    return of.applyDelta(delta.map(change), { sanitize })
  },
  insert: (of, { at, values }) => of.insert(at, values.map(made)),
  insertAfter: (of, { after, values }) => of.insertAfter(after === null ? null : of.get(after), values.map(made)),
  push: (of, { values }) => of.push(values.map(made)),
  unshift: (of, { values }) => of.unshift(values.map(made)),
  delete: (of, { at, len }) => of.delete(at, len),
  set: (of, { key, value }) => of.set(key, made(value)),
  unset: (of, { key }) => of.delete(key),
  clear: of => of.clear(),
  // What lies at `from` is cloned into a list, map or text.
  clone: (of, { from, at, key }, roots) => {
    const copy = typeAt(roots, from).clone()
    if (of instanceof Y.Map) of.set(key, copy)
    else if (of instanceof Y.Text) of.insertEmbed(at, copy, {})
    else of.insert(at, [copy])
  },
  setAttr: (of, { key, value }) => of.setAttribute(key, made(value)),
  removeAttr: (of, { key }) => of.removeAttribute(key)
}

export const write = ({ doc, roots }, ops, origin) => doc.transact(() => {
  ops.forEach(op => CALLS[op.op](typeAt(roots, op.path), op, roots))
}, origin)
