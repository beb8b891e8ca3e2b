// Seeded random numbers, contents and operations for the tests.

/** Mulberry32. `random(n)` gives a whole number below n. */
export const generator = seed => n => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * n)
}

const VALUES = [true, 'red', 3, null, { list: 'a', depth: 1 }, { depth: 1, list: 'a' }, [1, 2]]

export const randomAttributes = (random, hasNull) => {
  if (random(2)) return undefined
  const attributes = {}
  for (const name of ['bold', 'color', 'link']) {
    if (random(3)) continue
    const value = VALUES[random(VALUES.length)]
    if (value !== null || hasNull) attributes[name] = value
  }
  return attributes
}

export const randomInsert = random => random(6)
  ? Array.from({ length: 1 + random(5) }, () => 'ab\n😀'.slice(random(4), 5) || 'c').join('')
  : [{ image: 'a.png' }, { image: 'b.png' }, { mention: { id: 1 } }][random(3)]

/** A content, appended to `delta` (quill-delta's class). */
export const randomContent = (random, delta, steps = random(8)) => {
  while (steps--) delta.insert(randomInsert(random), randomAttributes(random, false))
  return delta
}

/** An operation on a content of a length, appended to `delta`. */
export const randomOp = (random, delta, length) => {
  for (let left = length; random(8);) {
    const n = Math.min(left, 1 + random(5))
    const kind = random(4)
    if (kind === 0) delta.insert(randomInsert(random), randomAttributes(random, false))
    if (kind === 1) delta.delete(n)
    if (kind > 1) delta.retain(n, kind === 2 ? randomAttributes(random, true) : undefined)
    if (kind > 0) left -= n
  }
  return delta.chop()
}
