// A log of all that Yjs calls back with, and observers that edit in answer.

import * as Y from 'yjs'
import { shown } from './shown.js'

const toText = bytes => Buffer.from(bytes).toString('base64')

const kind = type => type.constructor === Y.Text ? 'Text' : type.constructor.name.replace(/^_?Y/, '')

// Types without what is in them.
const shallow = value => {
  if (!(value instanceof Y.AbstractType)) return shown(value)
  const type = { $: 'type', kind: kind(value) }
  if (value instanceof Y.XmlElement) return { ...type, name: value.nodeName }
  return value instanceof Y.XmlHook ? { ...type, name: value.hookName } : type
}

const object = attributes => Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, shown(value)]))

const shownDelta = delta => delta.map(({ insert, attributes, ...op }) => ({
  ...op,
  ...(insert === undefined ? {} : { insert: Array.isArray(insert) ? insert.map(shallow) : shallow(insert) }),
  ...(attributes === undefined ? {} : { attributes: object(attributes) })
}))

const current = (type, key) => type instanceof Y.Map ? type.get(key) : type.getAttribute(key)

const keys = event => [...event.changes.keys].map(([key, { action, oldValue }]) => ({
  key,
  action,
  ...(action === 'add' ? {} : { old: shallow(oldValue) }),
  ...(action === 'delete' ? {} : { new: shallow(current(event.target, key)) })
})).sort((a, b) => a.key < b.key ? -1 : 1)

const shownEvent = event => {
  const delta = event.target instanceof Y.Text ? event.delta : event.changes.delta
  const changed = keys(event)
  return {
    path: event.path,
    target: kind(event.target),
    ...(delta.length > 0 ? { delta: shownDelta(delta) } : {}),
    ...(changed.length > 0 ? { keys: changed } : {})
  }
}

const tellsSomething = ({ delta, keys }) => delta !== undefined || keys !== undefined

const name = origin => origin instanceof Y.UndoManager ? 'undo manager' : origin ?? null

const guids = docs => [...docs].map(doc => doc.guid).sort()

export const observe = ({ doc, roots, undo }) => {
  const log = []
  // Where the answers go: of a type that observers edit Yjs tells what they did as if the transaction had done it.
  const reactions = doc.getMap('reactions')
  Object.entries({ ...roots, reactions }).forEach(([root, type]) => {
    type.observe(event => {
      const told = shownEvent(event)
      if (tellsSomething(told)) log.push(['observe', root, told])
    })
    type.observeDeep(events => {
      const told = events.map(shownEvent).filter(tellsSomething)
      if (told.length > 0) log.push(['deep', root, told])
    })
  })
  roots.m.observe((event, { origin }) => {
    if (event.changes.keys.has('k') && origin !== 'reaction') doc.transact(() => reactions.set('k', true), 'reaction')
  })
  roots.x.observeDeep((events, { origin }) => {
    const told = events.map(shownEvent).some(tellsSomething)
    if (told && origin !== 'reaction') doc.transact(() => reactions.set('x', true), 'reaction')
  })
  doc.on('beforeObserverCalls', ({ origin, local }) => log.push(['transaction', name(origin), local]))
  doc.on('afterTransaction', () => log.push(['after']))
  doc.on('afterTransactionCleanup', () => log.push(['cleanup']))
  doc.on('update', update => log.push(['update', toText(update)]))
  doc.on('updateV2', () => log.push(['updateV2']))
  doc.on('subdocs', ({ added, removed, loaded }) => {
    log.push(['subdocs', { added: guids(added), removed: guids(removed), loaded: guids(loaded) }])
  })
  const stack = what => ({ type, origin }) => log.push(['stack', what, type, name(origin)])
  undo.on('stack-item-added', stack('added'))
  undo.on('stack-item-updated', stack('updated'))
  undo.on('stack-item-popped', ({ type }) => log.push(['stack', 'popped', type]))
  undo.on('stack-cleared', ({ undoStackCleared, redoStackCleared }) => {
    log.push(['stack', 'cleared', undoStackCleared, redoStackCleared])
  })
  return log
}

export const load = ({ doc }, guid) => [...doc.subdocs].filter(subdoc => subdoc.guid === guid).forEach(subdoc => subdoc.load())
