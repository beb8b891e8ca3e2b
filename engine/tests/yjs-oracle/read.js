// What the reading calls of every type that can be reached return. Types are said by their paths.

import * as Y from 'yjs'
import { reachable } from './paths.js'
import { shown } from './shown.js'

export const read = (roots, { from, to, name }) => {
  const types = reachable(roots)
  const paths = new Map(types.map(([path, type]) => [type, path]))
  const path = type => type ? paths.get(type) ?? null : null

  const map = type => ({
    keys: [...type.keys()],
    values: [...type.values()].map(shown),
    size: type.size,
    has: type.has(name)
  })

  const parent = type => ({
    first: path(type.firstChild),
    all: type.slice().map(path),
    slice: type.slice(from, to).map(path),
    walked: [...type.createTreeWalker(() => true)].map(path),
    found: path(type.querySelector(name)),
    foundAll: type.querySelectorAll(name).map(path)
  })

  const element = type => ({
    ...parent(type),
    names: Object.keys(type.getAttributes()),
    has: type.hasAttribute(name)
  })

  const siblings = type => ({ next: path(type.nextSibling), previous: path(type.prevSibling) })

  const results = type => {
    switch (type.constructor) {
      case Y.Array: return { slice: type.slice(from, to).map(shown), iterated: [...type].map(shown) }
      case Y.Map: case Y.XmlHook: return map(type)
      case Y.XmlFragment: return parent(type)
      case Y.XmlElement: return { ...element(type), ...siblings(type) }
      case Y.XmlText: return { ...siblings(type), names: Object.keys(type.getAttributes()) }
      default: return {}
    }
  }

  return {
    types: types.map(([at, type]) => ({ path: at, parent: path(type.parent), json: shown(type.toJSON()), ...results(type) }))
  }
}

// The keys of every type that can be reached, in their order, in a new document that gets these updates.
export const keyOrders = (roots, updates, apply) => {
  updates.forEach(apply)
  return {
    types: reachable(roots).map(([path, type]) => ({ path, keys: [...Y.Map.prototype.keys.call(type)] }))
  }
}
