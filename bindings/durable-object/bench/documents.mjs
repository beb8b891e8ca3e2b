// Documents to wake, and the edits of one author, as updates: made with the engine itself, which is quick at it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Doc, initSync } from '../../../wasm/pkg/merganser.js'

initSync({ module: readFileSync(new URL('../../../wasm/pkg/merganser_bg.wasm', import.meta.url)) })

const LETTERS = 'etaoin shrdlu'

/** A seeded generator of random numbers (xorshift32). */
export function generator (seed) {
  let state = seed
  return limit => {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5
    return (state >>> 0) % limit
  }
}

/** `edits` characters, typed in runs of `run` on average at random places. */
export function scattered (edits, run) {
  const random = generator(7)
  const doc = new Doc(7)
  const text = doc.text('text')
  for (let typed = 0, at = 0, left = 0; typed < edits; typed++, left--) {
    if (left <= 0) { at = random(typed + 1); left = run === 1 ? 1 : 1 + random(2 * run - 1) }
    text.insert(at++, LETTERS[random(LETTERS.length)])
  }
  return doc.encodeStateAsUpdate()
}

/** The automerge-paper trace, if `MERGANSER_TRACES` names a folder that has it. */
function paper () {
  const folder = process.env.MERGANSER_TRACES
  const file = folder && ['', 'sequential'].map(under => join(folder, under, 'automerge-paper.json.gz')).find(existsSync)
  if (!file) return undefined
  const doc = new Doc(7)
  const text = doc.text('text')
  for (const { patches } of JSON.parse(gunzipSync(readFileSync(file))).txns) {
    for (const [position, deleted, inserted] of patches) {
      if (deleted > 0) text.delete(position, deleted)
      if (inserted !== '') text.insert(position, inserted)
    }
  }
  return doc.encodeStateAsUpdate()
}

/** An update that inserts so many letters at once. */
export function pasted (letters) {
  return new Doc(7).text('text').insert(0, LETTERS.repeat(Math.ceil(letters / LETTERS.length)).slice(0, letters))
}

/** The documents by name; those that can't be made here are left out, and said so. */
export function documents () {
  const all = { 'automerge-paper (259,778 edits)': paper(), 'scattered typing (260,000)': scattered(260_000, 4), 'random (100,000)': scattered(100_000, 1) }
  for (const name of Object.keys(all)) {
    if (!all[name]) { console.log(`SKIP  ${name}: MERGANSER_TRACES names no folder with it`); delete all[name] }
  }
  return all
}

/** The updates of an author that types `count` letters, one after the other. */
export function typing (count) {
  const doc = new Doc()
  const text = doc.text('typed')
  return Array.from({ length: count }, (_, at) => text.insert(at, LETTERS[at % LETTERS.length]))
}
