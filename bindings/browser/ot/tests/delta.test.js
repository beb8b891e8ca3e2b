// The algebra beside quill-delta's: same results, and the laws that it does not state.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Delta from 'quill-delta'
import { apply, compose, diff, invert, join, length, split, transform, transformPosition } from '../dist/delta.js'
import { generator, randomContent, randomOp } from './random.js'

const ROUNDS = Number(process.env.ROUNDS ?? 10_000)

const isWhole = text => !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)

test(`quill-delta's results, ${ROUNDS} rounds`, () => {
  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = generator(seed)
    const base = randomContent(random, new Delta())
    const a = randomOp(random, new Delta(), base.length())
    const b = randomOp(random, new Delta(), base.length())
    const next = base.compose(a)
    const c = randomOp(random, new Delta(), next.length())
    const note = JSON.stringify({ seed, base: base.ops, a: a.ops, b: b.ops, c: c.ops })
    const inputs = structuredClone([base.ops, a.ops, b.ops, c.ops])

    assert.equal(length(base.ops), base.length(), note)
    assert.equal(length(a.ops), a.length(), note)
    assert.deepEqual(compose(base.ops, a.ops), next.ops, note)
    assert.deepEqual(compose(a.ops, c.ops), a.compose(c).ops, note)
    for (const priority of [true, false]) {
      assert.deepEqual(transform(a.ops, b.ops, priority), a.transform(b, priority).ops, note)
      for (let index = 0; index <= base.length(); index++) {
        assert.equal(transformPosition(a.ops, index, priority), a.transformPosition(index, priority), note)
      }
    }
    assert.deepEqual(invert(a.ops, base.ops), a.invert(base).ops, note)
    assert.deepEqual([base.ops, a.ops, b.ops, c.ops], inputs, 'nothing is changed in place')
  }
})

test('both ways round the diamond', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = generator(seed)
    const base = randomContent(random, new Delta())
    const a = randomOp(random, new Delta(), base.length()).ops
    const b = randomOp(random, new Delta(), base.length()).ops
    assert.deepEqual(
      compose(compose(base.ops, a), transform(a, b, true)), compose(compose(base.ops, b), transform(b, a)), `seed ${seed}`)
  }
})

test('diff makes one content of another', () => {
  for (let seed = 0; seed < 5000; seed++) {
    const random = generator(seed)
    const a = randomContent(random, new Delta())
    const b = random(2) ? randomContent(random, new Delta()) : a.compose(randomOp(random, new Delta(), a.length()))
    const op = diff(a.ops, b.ops, random(b.length() + 1))
    assert.deepEqual(compose(a.ops, op), b.ops, `seed ${seed}`)
  }
})

test('diff and apply of plain texts, never within a surrogate pair', () => {
  for (let seed = 0; seed < 20_000; seed++) {
    const random = generator(seed)
    const text = () => Array.from({ length: random(6) }, () => ['a', 'b', '😀', '😁', '𝒳'][random(5)]).join('')
    const [a, b] = [text(), text()]
    const op = diff([{ insert: a }], [{ insert: b }], random(b.length + 1))
    assert.equal(apply(a, op), b, `seed ${seed}`)
    let index = 0
    for (const step of op) {
      assert.ok(isWhole(step.insert ?? ''), `seed ${seed}`)
      index += step.retain ?? step.delete ?? 0
      assert.ok(isWhole(a.slice(0, index)), `seed ${seed}`)
    }
  }
})

test('the caret says which of equal characters are new', () => {
  const typed = caret => diff([{ insert: 'aa' }], [{ insert: 'aaa' }], caret)
  assert.deepEqual(typed(1), [{ insert: 'a' }])
  assert.deepEqual(typed(2), [{ retain: 1 }, { insert: 'a' }])
  assert.deepEqual(typed(3), [{ retain: 2 }, { insert: 'a' }])
  assert.deepEqual(diff([{ insert: 'xay' }], [{ insert: 'xby' }], 3), [{ retain: 1 }, { insert: 'b' }, { delete: 1 }])
})

// Why an operation has to meet others' in the same pieces at the server and at the client: composed, they no longer tell on
// which side of what is deleted the inserted was.
test('past a composition an operation may come out differently', () => {
  const first = [{ retain: 2 }, { insert: 'B' }]
  const second = [{ delete: 2 }]
  const own = [{ retain: 1 }, { insert: 'A' }]
  const after = op => apply('B', op)
  assert.equal(apply(apply('xy', first), second), 'B')
  assert.equal(after(transform(second, transform(first, own, true), true)), 'AB')
  assert.equal(after(transform(compose(first, second), own, true)), 'BA')
})

test('parts do the same one after the other', () => {
  for (let seed = 0; seed < 2_000; seed++) {
    const random = generator(seed)
    const content = randomContent(random, new Delta())
    const { ops } = randomOp(random, new Delta(), content.length())
    const mostSteps = 2 + random(4)
    const mostUnits = 1 + random(5)
    let all = []
    let rest = ops
    for (let parts = 0; rest.length; parts++) {
      const [first, behind] = split(rest, mostSteps, mostUnits)
      assert.ok(first.length && first.length <= mostSteps, `seed ${seed}`)
      assert.ok(length(first.filter(step => step.insert)) <= mostUnits + 1, `seed ${seed}`)
      assert.ok(parts < 1_000, `seed ${seed}`)
      assert.ok(isWhole(apply('', first.filter(step => step.insert))), `seed ${seed}`)
      all = compose(all, first)
      rest = behind
    }
    assert.deepEqual(all, join(ops), `seed ${seed}`)
  }
})

test('apply shows an embed as one character', () => {
  assert.equal(apply('ab', [{ retain: 1 }, { insert: { image: 'a.png' } }]), 'a\ufffcb')
})

test('the cost is linear', () => {
  const content = n => Array.from({ length: n }, (_, i) => ({ insert: 'ab', attributes: { i } }))
  const op = n => Array.from({ length: n }, (_, i) => i % 2 ? { retain: 2 } : { delete: 1 })
  const time = n => {
    const [a, b] = [content(n), op(n)]
    const start = performance.now()
    compose(a, b)
    transform(b, op(n))
    invert(b, a)
    return performance.now() - start
  }
  time(20_000)
  const [small, large] = [time(20_000), time(200_000)]
  assert.ok(large < 60 * Math.max(small, 5), `${small} ms and ${large} ms for ten times as much`)
})
