// How somebody types: when, and what. Seeded, so that a run can be repeated.

/** Milliseconds between two keys inside a word: the median, and how far they spread (sigma of a log-normal). */
const KEY_MS = 170
const KEY_SPREAD = 0.5
/** The other keys are waited for longer: between words, to think. */
const INSIDE_WORD = 0.82
const PAUSE_MS = 2_150
/** Edits in one go before somebody rests, on average. */
const BURST = 17
/** Edits an hour where nobody rests (545 ms each, on average), and in ordinary use. */
export const HOURLY = { ordinary: 840, 'without rest': 6_600, idle: 0 }
const HOUR_MS = 3_600_000
const DELETES = 0.06
/** How often a burst begins somewhere else in the text. */
const JUMPS = 0.5

/** A seeded generator of random numbers (mulberry32). */
export function generator (seed) {
  let state = seed >>> 0
  return () => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, state | 1)
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61)
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}

const exponential = (random, mean) => -mean * Math.log(1 - random())
const normal = random => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** One who types: for each edit, how long it takes until it comes, and the edit itself. */
export class Typist {
  #left = 0
  #caret = Infinity
  #jumps = false

  constructor (random, pace) {
    this.random = random
    const between = HOUR_MS / HOURLY['without rest']
    this.restMs = BURST * (HOUR_MS / HOURLY[pace] - between)
  }

  /** Milliseconds until the next edit. */
  wait () {
    const { random } = this
    const key = random() < INSIDE_WORD ? KEY_MS * Math.exp(KEY_SPREAD * normal(random)) : exponential(random, PAUSE_MS)
    if (this.#left-- > 0) return key
    this.#left = Math.floor(exponential(random, BURST - 0.5))
    this.#jumps = random() < JUMPS
    return key + exponential(random, this.restMs)
  }

  /** Changes the text by one letter; gives where the caret is then. */
  edit (text) {
    const { random } = this
    let caret = this.#jumps ? Math.floor(random() * (text.length + 1)) : Math.min(this.#caret, text.length)
    this.#jumps = false
    if (caret > 0 && random() < DELETES) text.delete(--caret, 1)
    else text.insert(caret++, 'etaoin shrdlu'[Math.floor(random() * 13)])
    return this.#caret = caret
  }
}
