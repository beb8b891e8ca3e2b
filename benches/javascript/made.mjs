// Made-up inputs: the same as in `../src/row`, from the same generator and seeds.

/** The linear congruential generator of `../instructions/src/random.rs`. */
export class Random {
  #state
  constructor (seed) { this.#state = BigInt(seed) }

  /** A number smaller than `limit`, which is not 0. */
  below (limit) {
    this.#state = BigInt.asUintN(64, this.#state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n)
    return Number((this.#state >> 33n) % BigInt(limit))
  }
}

const CHARACTERS = [...'鴨水鳥川あのカ한🦆🐟🌊éduk ']

/** Typing of so many keystrokes with about one jump in 20 and one deletion in 6 (`unicode.rs`); in CJK and emoji, or in ASCII with as many units. */
export function typing (keystrokes, isAscii) {
  const random = new Random(6)
  const text = []
  const patches = []
  const units = count => text.slice(0, count).reduce((sum, character) => sum + character.length, 0)
  const written = character => isAscii ? 'd'.repeat(character.length) : character
  let cursor = 0
  let unit = 0
  for (let stroke = 0; stroke < keystrokes; stroke++) {
    if (random.below(20) === 0) {
      cursor = random.below(text.length + 1)
      unit = units(cursor)
    }
    if (cursor > 0 && random.below(6) === 0) {
      const [deleted] = text.splice(--cursor, 1)
      unit -= deleted.length
      patches.push([unit, deleted.length, ''])
    } else {
      const character = CHARACTERS[random.below(16)]
      text.splice(cursor++, 0, character)
      patches.push([unit, 0, written(character)])
      unit += character.length
    }
  }
  return { patches, end: text.map(written).join('') }
}

/** The keys of a map. */
export const keys = count => Array.from({ length: count }, (_, number) => `key ${number}`)
