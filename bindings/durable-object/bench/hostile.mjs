// Updates that nobody sends in good faith, out of the conformance cases.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { generator } from './documents.mjs'

const CASES = join(import.meta.dirname, '../../../engine/tests/conformance')

const cases = name => gunzipSync(readFileSync(join(CASES, `${name}.jsonl.gz`))).toString().trim().split('\n').map(line => JSON.parse(line))
const decoded = text => Buffer.from(text, 'base64')

/** About so many: half of them made to be hostile, half honest ones in which some bytes are others. */
export function hostileUpdates (count) {
  const made = cases('hostile').filter(({ target, input }) => target === 'applyV1' && input).map(({ input }) => decoded(input))
  const honest = cases('replay').flatMap(({ updates }) => updates.map(decoded)).filter(update => update.length > 2)
  const random = generator(11)
  const changed = () => {
    const update = Buffer.from(honest[random(honest.length)])
    for (let changes = 1 + random(4); changes > 0; changes--) update[random(update.length)] = random(256)
    return random(8) === 0 ? update.subarray(0, random(update.length)) : update
  }
  return [...made.slice(0, count / 2), ...Array.from({ length: count / 2 }, changed)]
}
