// Binds a <textarea> or a text <input> to a client's plain text.
import { apply, compose, diff, length, transform, transformPosition } from './delta.js'
import type { OtClient } from './client.js'
import type { Op } from './delta.js'
import type { UndoManager } from './undo.js'

/** Binds an element until the function that is returned is called. With an undo manager, the usual keys undo and redo. */
export const bindTextarea = (
  client: OtClient, element: HTMLTextAreaElement | HTMLInputElement, undo?: UndoManager
): () => void => {
  // Serves as the options of all listeners: its `signal` takes them away.
  const binding = new AbortController()
  let shown = element.value = client.text
  // What others did since a composition began, which ends if the value is set.
  let held: Op | undefined

  const show = (op: Op, origin?: unknown): void => {
    if (!op.length) return
    const { selectionStart, selectionEnd, selectionDirection, scrollTop } = element
    element.value = shown = apply(shown, op)
    // Who undoes sees where; others' changes leave the selection with its text.
    const place = (index: number): number => undo && origin === undo
      ? length(op.filter(step => !step.delete))
      : transformPosition(op, index, true)
    element.setSelectionRange(place(selectionStart!), place(selectionEnd!), selectionDirection!)
    element.scrollTop = scrollTop
  }

  const read = (): void => {
    const { value } = element
    const op = diff([{ insert: shown }], [{ insert: value }], element.selectionEnd!)
    const late = held ?? []
    held = undefined
    shown = value
    if (op.length) client.edit(transform(late, op, true), element)
    show(transform(op, late))
  }

  const listen = (op: Op, origin: unknown): void => {
    if (origin === element) return
    if (held) held = compose(held, op)
    else show(op, origin)
  }

  const on = (type: string, listener: (event: any) => void): void =>
    element.addEventListener(type, listener, binding)
  const move = (event: Event, isRedo: boolean): void => {
    if (!undo) return
    event.preventDefault()
    if (isRedo) undo.redo()
    else undo.undo()
  }

  client.listeners.add(listen)
  on('input', () => held || read())
  on('compositionstart', () => { held = [] })
  on('compositionend', read)
  on('keydown', event => {
    const key = event.key.toLowerCase()
    if (event.ctrlKey ? /^[yz]$/.test(key) : event.metaKey && key === 'z') move(event, key === 'y' || event.shiftKey)
  })
  on('beforeinput', event => {
    if (/^history/.test(event.inputType)) move(event, event.inputType === 'historyRedo')
  })
  return () => {
    binding.abort()
    client.listeners.delete(listen)
  }
}
