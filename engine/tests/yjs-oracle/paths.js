// Paths of shared types, `[root name, step, ...]`: a number is an index in a list, a string a key of a map.

import * as Y from 'yjs'

const step = (type, at) => type.get(at)

export const typeAt = (roots, [root, ...steps]) => steps.reduce(step, roots[root])

const entries = type => {
  if (type instanceof Y.Map) return [...type.entries()]
  return type instanceof Y.Text ? [] : type.toArray().map((value, at) => [at, value])
}

// Every shared type that can be reached, with its path.
export const reachable = roots => {
  const found = Object.entries(roots).map(([name, type]) => [[name], type])
  for (const [path, type] of found) {
    for (const [key, value] of entries(type)) {
      if (value instanceof Y.AbstractType) found.push([[...path, key], value])
    }
  }
  return found
}
