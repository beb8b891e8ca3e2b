// The algebra of operations: Quill's Delta as plain JSON, with the semantics of quill-delta 5.1. All costs are linear.

/** Formats by name. In a retain, null takes a format away. */
export type Attributes = Record<string, unknown>

/** One step of an operation. Lengths are UTF-16 code units, at least 1; an embed (an object) counts 1. */
export interface Step {
  insert?: string | object
  retain?: number
  delete?: number
  attributes?: Attributes
}

/** An operation; a content is one of inserts only. */
export type Op = Step[]

const stepLength = (step: Step): number =>
  step.delete ?? step.retain ?? (typeof step.insert === 'string' ? step.insert.length : 1)

const isInsert = (step: Step): boolean => step.insert != null

/** How far an operation's steps reach: of a content, its length. */
export const length = (op: Op): number => op.reduce((sum, step) => sum + stepLength(step), 0)

/** One string for equal values: names in order. */
const canonical = (value: unknown): string => JSON.stringify(value, (_name, value) =>
  value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).sort()) : value)

/** Reads an operation in pieces. Behind its last step everything is retained. */
const cursor = (op: Op) => {
  let index = 0
  let offset = 0
  const peek = (): Step => op[index] ?? { retain: Infinity }
  const left = (): number => stepLength(peek()) - offset
  const take = (length = left()): Step => {
    const step = peek()
    const { insert, attributes } = step
    const start = offset
    if (length < left()) {
      offset += length
    } else {
      index++
      offset = 0
    }
    if (step.delete) return { delete: length }
    return format(step.retain
      ? { retain: length }
      : { insert: typeof insert === 'string' ? insert.slice(start, start + length) : insert }, attributes)
  }
  return { peek, left, take }
}

type Cursor = ReturnType<typeof cursor>

const format = (step: Step, attributes: Attributes = {}): Step =>
  Object.keys(attributes).length ? { ...step, attributes } : step

/** Appends a step in the one form that operations of the same effect share: joined, inserts before deletes. */
const push = (op: Op, step: Step): void => {
  let end = op.length
  if (isInsert(step) && op[end - 1]?.delete) end--
  const last = op[end - 1]
  for (const key of ['insert', 'retain', 'delete'] as const) {
    const head: any = last?.[key]
    const tail: any = step[key]
    const isJoining = head && typeof head !== 'object' && typeof head === typeof tail
    if (isJoining && canonical(last!.attributes) === canonical(step.attributes)) {
      op[end - 1] = { ...last, [key]: head + tail }
      return
    }
  }
  if (stepLength(step)) op.splice(end, 0, step)
}

/** An operation of steps that may be empty, without a last one that only retains. */
export const join = (steps: Iterable<Step>): Op => {
  const op: Op = []
  for (const step of steps) push(op, step)
  const last = op.at(-1)
  if (last?.retain && !last.attributes) op.pop()
  return op
}

/** Walks two operations side by side: what stands in one of them alone, and pieces of one length from both. */
const zip = (
  a: Op, b: Op,
  alone: (a: Cursor, b: Cursor) => Step | undefined,
  together: (a: Step, b: Step, length: number) => Step
): Op => {
  const x = cursor(a)
  const y = cursor(b)
  const steps: Op = []
  for (;;) {
    const length = Math.min(x.left(), y.left())
    if (length === Infinity) return join(steps)
    steps.push(alone(x, y) ?? together(x.take(length), y.take(length), length))
  }
}

/** The operation that does what `a` and then `b` do. */
export const compose = (a: Op, b: Op): Op => zip(a, b,
  (x, y) => isInsert(y.peek()) ? y.take() : x.peek().delete ? x.take() : undefined,
  (step, change, length) => {
    if (change.delete) return { delete: step.retain ?? 0 }
    const attributes = { ...step.attributes, ...change.attributes }
    if (!isInsert(step)) return format({ retain: length }, attributes)
    for (const key in change.attributes) {
      if (attributes[key] == null) delete attributes[key]
    }
    return format({ insert: step.insert! }, attributes)
  }
)

/** `b` as it is to be done after `a`, both made against one content. With priority, `a` is the earlier one. */
export const transform = (a: Op, b: Op, priority = false): Op => zip(a, b,
  (x, y) => isInsert(x.peek()) && (priority || !isInsert(y.peek()))
    ? { retain: stepLength(x.take()) }
    : isInsert(y.peek()) ? y.take() : undefined,
  (done, step, length) => {
    if (done.delete) return { retain: 0 }
    if (step.delete) return step
    const attributes = { ...step.attributes }
    if (priority) for (const key in done.attributes) delete attributes[key]
    return format({ retain: length }, attributes)
  }
)

/** Where an index is after an operation. With priority, it stays before what is inserted at its place. */
export const transformPosition = (op: Op, index: number, priority = false): number => {
  let offset = 0
  for (const step of op) {
    if (offset > index) break
    const length = stepLength(step)
    if (step.delete) {
      index -= Math.min(length, index - offset)
    } else {
      if (isInsert(step) && (offset < index || !priority)) index += length
      offset += length
    }
  }
  return index
}

/** The operation that takes `op`, made against the content `base`, back. */
export const invert = (op: Op, base: Op): Op => {
  const content = cursor(base)
  return join(op.flatMap(step => {
    let rest = stepLength(step)
    if (isInsert(step)) return { delete: rest }
    const steps: Op = []
    while (rest) {
      const length = Math.min(rest, content.left())
      const piece = content.take(length)
      const attributes: Attributes = {}
      for (const key in step.attributes) {
        const before = piece.attributes?.[key]
        if (step.attributes[key] !== before) attributes[key] = before ?? null
      }
      steps.push(step.delete ? piece : format({ retain: length }, attributes))
      rest -= length
    }
    return steps
  }))
}

/**
 * Takes an operation apart into two that do the same one after the other: the first has at most so many steps (two or
 * more), and inserts at most so many code units, or one more where that would be half a pair.
 */
export const split = (op: Op, mostSteps: number, mostUnits: number): [Op, Op] => {
  const { peek, left, take } = cursor(op)
  const first: Op = []
  while (left() < Infinity && mostSteps-- && mostUnits > 0) {
    const step: any = take(isInsert(peek()) ? mostUnits : left())
    // Not between the halves of a pair.
    if (/[\ud800-\udbff]$/.test(step.insert)) step.insert += take(1).insert
    if (isInsert(step)) mostUnits -= stepLength(step)
    first.push(step)
  }
  const rest: Op = [{ retain: length(first.filter(step => !step.delete)) }]
  while (left() < Infinity) rest.push(take())
  return [first, join(rest)]
}

/** A plain text after an operation. An embed shows as U+FFFC. */
export const apply = (text: string, op: Op): string => {
  let index = 0
  let out = ''
  for (const step of op) {
    if (isInsert(step)) {
      out += typeof step.insert === 'string' ? step.insert : '\ufffc'
    } else {
      const start = index
      index += stepLength(step)
      if (step.retain) out += text.slice(start, index)
    }
  }
  return out + text.slice(index)
}

/** A content's code units and embeds, each with its attributes. */
const units = (content: Op): string | string[] => {
  const [first] = content
  return content.length === 1 && typeof first!.insert === 'string' && !first!.attributes
    ? first!.insert
    : content.flatMap(({ insert, attributes }) => {
      const formats = canonical(attributes) ?? ''
      return (typeof insert === 'string' ? insert.split('') : [canonical(insert)]).map(unit => unit + formats)
    })
}

/**
 * An operation that makes the content `b` of `a`: what lies between their common beginning and end is replaced, never from
 * within a surrogate pair. Where there is a choice, the change ends before index `caret` of `b`.
 */
export const diff = (a: Op, b: Op, caret = 0): Op => {
  const x = units(a)
  const y = units(b)
  const most = Math.min(x.length, y.length)
  let prefix = 0
  let suffix = 0
  const extendSuffix = (limit: number): void => {
    while (suffix < limit && x[x.length - suffix - 1] === y[y.length - suffix - 1]) suffix++
  }
  extendSuffix(Math.min(most, y.length - caret))
  while (prefix < most - suffix && x[prefix] === y[prefix]) prefix++
  extendSuffix(most - prefix)
  if (/^[\ud800-\udbff]/.test(x[prefix - 1]!)) prefix--
  if (/^[\udc00-\udfff]/.test(x[x.length - suffix]!)) suffix--

  const middle = compose(b, join([{ delete: prefix }, { retain: y.length - prefix - suffix }, { delete: suffix }]))
  return join([{ retain: prefix }, ...middle, { delete: x.length - prefix - suffix }])
}
