// Binds a Quill 2 editor to a client's rich text (`kind: 'delta'`).
//
// Quill's content always ends with a newline. What is shared need not: where its newline lacks, Quill shows one more. It
// becomes a shared one as soon as something depends on it: a format of the last line, or an empty line behind it.
import { compose, invert, join, length, transform } from './delta.js'
import type { Op } from './delta.js'
import type { OtClient } from './client.js'

/** What is used of Quill. */
export interface Quill {
  setContents (delta: any, source?: any): unknown
  updateContents (delta: any, source?: any): unknown
  on (event: string, handler: (...args: any[]) => void): unknown
  off (event: string, handler: (...args: any[]) => void): unknown
}

/** What others did comes to the editor's `text-change` event with this source. */
export const REMOTE = 'remote'

const endsLine = (content: Op): boolean => {
  const insert = content.at(-1)?.insert
  return typeof insert === 'string' && insert.endsWith('\n')
}

/** What makes Quill's content of a shared one. */
const ending = (content: Op): Op =>
  endsLine(content) ? [] : join([{ retain: length(content) }, { insert: '\n' }])

/** What is to be done to `content` for a change of what Quill shows of it. */
const sharedChange = (content: Op, change: Op): Op => {
  const end = ending(content)
  const whole = compose(end, change)
  if (!end.length) return whole
  const result = compose(content, whole)
  const cut = join([{ retain: length(result) - 1 }, { delete: 1 }])
  return result.at(-1)!.attributes || endsLine(compose(result, cut)) ? whole : compose(whole, cut)
}

/** What is to be done to Quill's content for a change of the shared one. */
const shownChange = (before: Op, op: Op): Op => {
  const after = compose(before, op)
  return endsLine(before) || endsLine(after)
    ? compose(invert(ending(before), before), compose(op, ending(after)))
    : op
}

/** Binds an editor, whose content becomes the client's, until the function that is returned is called. */
export const bindQuill = (client: OtClient, quill: Quill): () => void => {
  /** The shared content that Quill shows. */
  let shown = client.content
  /** What others did to it since a composition began, in which Quill takes in neither its own text nor others'. */
  let held: Op = []
  let isComposing = false

  const show = (): void => {
    const change = shownChange(shown, held)
    shown = compose(shown, held)
    held = []
    if (change.length) quill.updateContents(change, REMOTE)
  }
  const listen = (op: Op, origin: unknown): void => {
    if (origin === quill) return
    held = compose(held, op)
    if (!isComposing) show()
  }
  const read = (delta: { ops: Op }, _before: unknown, source: unknown): void => {
    if (source === REMOTE) return
    const op = sharedChange(shown, delta.ops)
    const late = held
    shown = compose(shown, op)
    held = transform(op, late)
    if (op.length) client.edit(transform(late, op, true), quill)
  }
  const hold = (): void => { isComposing = true }
  const release = (): void => {
    isComposing = false
    show()
  }

  quill.setContents(compose(shown, ending(shown)), REMOTE)
  client.listeners.add(listen)
  quill.on('text-change', read)
  quill.on('composition-before-start', hold)
  quill.on('composition-end', release)
  return () => {
    client.listeners.delete(listen)
    quill.off('text-change', read)
    quill.off('composition-before-start', hold)
    quill.off('composition-end', release)
  }
}
