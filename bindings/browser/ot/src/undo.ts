// Undo and redo of one's own edits, whatever others do in between.
import { compose, invert, transform } from './delta.js'
import type { Op } from './delta.js'
import type { OtClient } from './client.js'

export interface UndoOptions {
  /** Edits that follow one another within so many milliseconds are undone together. */
  captureTimeout?: number
  /** So many steps are kept. */
  limit?: number
}

/** Each entry of a stack is made against the content that is there once all entries above it are carried out. */
export class UndoManager {
  #client: OtClient
  #undo: Op[] = []
  #redo: Op[] = []
  #last = 0

  constructor (client: OtClient, { captureTimeout = 500, limit = 100 }: UndoOptions = {}) {
    this.#client = client
    client.listeners.add((op, origin, before) => {
      if (origin === undefined) {
        transformStack(this.#undo, op)
        transformStack(this.#redo, op)
      } else if (origin !== this) {
        const inverse = invert(op, before)
        const now = Date.now()
        const top = now - this.#last < captureTimeout && this.#undo.pop()
        this.#last = now
        this.#undo.push(top ? compose(inverse, top) : inverse)
        if (this.#undo.length > limit) this.#undo.shift()
        this.#redo = []
      }
    })
  }

  get canUndo (): boolean { return this.#undo.length > 0 }
  get canRedo (): boolean { return this.#redo.length > 0 }

  /** The next edit is undone on its own. */
  stopCapturing (): void { this.#last = 0 }

  undo (): void { this.#move(this.#undo, this.#redo) }
  redo (): void { this.#move(this.#redo, this.#undo) }

  #move (from: Op[], to: Op[]): void {
    this.#last = 0
    const op = from.pop()
    if (!op) return
    to.push(invert(op, this.#client.content))
    this.#client.edit(op, this)
  }
}

/** Entries that others' edits left nothing of go. */
const transformStack = (stack: Op[], op: Op): void => {
  for (let index = stack.length; index--;) {
    const entry = stack[index]!
    const moved = transform(op, entry, true)
    op = transform(entry, op)
    stack.splice(index, 1, ...(moved.length ? [moved] : []))
  }
}
