// What quill-delta makes of deltas: the same questions as in the conformance cases.

import Delta from 'quill-delta'

// { doc, a, b, next, positions } as lists of ops; `next` changes the document after `a`.
const answer = ({ doc, a, b, next, positions }) => {
  const [before, first, second, then] = [doc, a, b, next].map(ops => new Delta(ops))
  const inverted = first.invert(before)
  return {
    docA: before.compose(first).ops,
    aThenNext: first.compose(then).ops,
    transformFirst: second.transform(first, true).ops,
    transformSecond: second.transform(first, false).ops,
    transformAB: first.transform(second, true).ops,
    transformAB2: first.transform(second, false).ops,
    positions: positions.map(at => [first.transformPosition(at, true), first.transformPosition(at, false)]),
    inverted: inverted.ops,
    undone: before.compose(first).compose(inverted).ops,
    length: first.length(),
    changeLength: first.changeLength()
  }
}

export const deltas = cases => cases.map(answer)
