// Times quill-delta: reads cases as JSON from stdin, writes nanoseconds for each call of transform and compose, the least
// and the median of the rounds.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(new URL('../../engine/tests/yjs-oracle/package.json', import.meta.url))
const { default: Delta } = require('quill-delta')

const measure = (calls, work) => {
  const times = []
  for (let round = 0; round < 15; round++) {
    const begun = process.hrtime.bigint()
    for (let call = 0; call < calls; call++) work()
    times.push(Number(process.hrtime.bigint() - begun) / calls)
  }
  times.sort((a, b) => a - b)
  return { least: times[0], median: times[times.length >> 1] }
}

const cases = JSON.parse(readFileSync(0, 'utf8'))
console.log(JSON.stringify(cases.map(({ a, b, next, calls }) => {
  const [first, second, then] = [a, b, next].map(ops => new Delta(ops))
  return {
    transform: measure(calls, () => first.transform(second, true)),
    compose: measure(calls, () => first.compose(then))
  }
})))
