// Values and shared types in the notation of the conformance cases (what JSON lacks, as objects with the key `$`).

import * as Y from 'yjs'

const bits = number => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, number)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

const isSafe = number => Number.isSafeInteger(number) && !Object.is(number, -0)

const object = (entries) => Object.fromEntries([...entries].map(([key, value]) => [key, shown(value)]))

export const shownDelta = ops => ops.map(op =>
  op.attributes === undefined
    ? { insert: shown(op.insert) }
    : { insert: shown(op.insert), attributes: object(Object.entries(op.attributes)) }
)

const delta = type => shownDelta(type.toDelta())

const attributes = type => object(Object.entries(type.getAttributes()))

const shownType = type => {
  switch (type.constructor) {
    case Y.Array: return { kind: 'Array', v: type.toArray().map(shown) }
    case Y.Map: return { kind: 'Map', v: object(type.entries()) }
    case Y.Text: case Y.XmlText: {
      const kind = type.constructor === Y.Text ? 'Text' : 'XmlText'
      const attrs = attributes(type)
      return Object.keys(attrs).length > 0 ? { kind, delta: delta(type), attrs } : { kind, delta: delta(type) }
    }
    case Y.XmlElement:
      return { kind: 'XmlElement', name: type.nodeName, attrs: attributes(type), children: type.toArray().map(shown) }
    case Y.XmlFragment: return { kind: 'XmlFragment', children: type.toArray().map(shown) }
    case Y.XmlHook: return { kind: 'XmlHook', name: type.hookName, v: object(type.entries()) }
    default: throw new Error(`unknown type ${type.constructor.name}`)
  }
}

export const shown = value => {
  if (value === undefined) return { $: 'undefined' }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return isSafe(value) ? value : { $: 'f64', hex: bits(value) }
  if (typeof value === 'bigint') return { $: 'bigint', v: value.toString() }
  if (value instanceof Uint8Array) return { $: 'bytes', b64: Buffer.from(value).toString('base64') }
  if (value instanceof Y.Doc) {
    const doc = { $: 'doc', guid: value.guid, gc: value.gc, autoLoad: value.autoLoad }
    return value.meta === null ? doc : { ...doc, meta: shown(value.meta) }
  }
  if (value instanceof Y.AbstractType) return { $: 'type', ...shownType(value) }
  if (Array.isArray(value)) return value.map(shown)
  return object(Object.entries(value))
}
