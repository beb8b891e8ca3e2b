// A Durable Object as hosts of yjs and yrs are written, for the measurements beside them: hibernating sockets, one row for
// each update, awareness in memory. It is modelled on y-durableobjects (github.com/napolab/y-durableobjects:
// src/yjs/index.ts, src/yjs/storage/sqlite.ts) and y-partyserver (github.com/threepointone/partyserver:
// packages/y-partyserver/src/server/index.ts), and kinder to itself than both: the sender is sent nothing back, no timer
// keeps it awake, and rows are merged only where that is in nobody's way. A subclass says which engine it is.
import { DurableObject } from 'cloudflare:workers'
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import unsafe from 'workerd:unsafe'
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from 'y-protocols/sync'
import { note, take, timed } from '../calls'
import { Updates } from './updates'

const SYNC = 0
const AWARENESS = 1
const QUERY_AWARENESS = 3

function message (kinds, bytes) {
  const encoder = createEncoder()
  for (const kind of kinds) writeVarUint(encoder, kind)
  writeVarUint8Array(encoder, bytes)
  return toUint8Array(encoder)
}

/** Who is there; no timer looks for those that are not any more, since it would keep the object awake. */
function awareness () {
  const made = new Awareness({ clientID: 0, on () {} })
  clearInterval(made._checkInterval)
  made.setLocalState(null)
  return made
}

export class RivalObject extends DurableObject {
  #updates = new Updates(this.ctx.storage)
  #awareness = awareness()
  /** Whom each socket shows. */
  #shown = new Map()
  #loaded

  constructor (ctx, env) {
    super(ctx, env)
    this.#awareness.on('update', ({ added, updated, removed }, socket) => {
      const shown = this.#shown.get(socket) ?? new Set()
      for (const client of added) shown.add(client)
      if (socket) this.#shown.set(socket, shown)
      const changed = [...added, ...updated, ...removed]
      // To all, its sender included: a lone client takes it for a sign of life.
      this.#broadcast(message([AWARENESS], encodeAwarenessUpdate(this.#awareness, changed)))
    })
  }

  /** The document, which is loaded when it is needed. */
  get #document () {
    return this.#loaded ??= this.load(this.#updates.read())
  }

  async fetch (request) {
    if (request.method === 'PUT') return this.#import(request)
    const begun = performance.now()
    const [client, socket] = Object.values(new WebSocketPair())
    this.ctx.acceptWebSocket(socket)
    socket.send(message([SYNC, messageYjsSyncStep1], this.#document.stateVector()))
    const clients = [...this.#awareness.getStates().keys()]
    if (clients.length > 0) socket.send(message([AWARENESS], encodeAwarenessUpdate(this.#awareness, clients)))
    note('connection', begun)
    return new Response(null, { status: 101, webSocket: client })
  }

  webSocketMessage (socket, content) {
    timed('webSocketMessage', () => {
      // What escapes is seen by nobody, not even its sender.
      try { this.#receive(socket, new Uint8Array(content)) } catch (error) { socket.close(1011, String(error).slice(0, 100)) }
    })
  }

  webSocketClose (socket) {
    timed('webSocketClose', () => this.#leave(socket))
  }

  webSocketError (socket) { this.webSocketClose(socket) }

  #receive (socket, content) {
    const decoder = createDecoder(content)
    switch (readVarUint(decoder)) {
      case SYNC: {
        const kind = readVarUint(decoder)
        const bytes = readVarUint8Array(decoder)
        if (kind === messageYjsSyncStep1) socket.send(message([SYNC, messageYjsSyncStep2], this.#document.missing(bytes)))
        else this.#apply(socket, bytes)
        break
      }
      case AWARENESS:
        applyAwarenessUpdate(this.#awareness, readVarUint8Array(decoder), socket)
        break
      case QUERY_AWARENESS:
        socket.send(message([AWARENESS], encodeAwarenessUpdate(this.#awareness, [...this.#awareness.getStates().keys()])))
    }
  }

  /** What is new is stored, and sent to the others: not before it is stored, which the output gate sees to. */
  #apply (socket, bytes) {
    const update = this.#document.apply(bytes)
    if (!update) return
    this.#updates.append(update)
    this.#broadcast(message([SYNC, messageYjsUpdate], update), socket)
  }

  #broadcast (content, sender) {
    for (const socket of this.ctx.getWebSockets()) {
      if (socket !== sender) socket.send(content)
    }
  }

  #leave (socket) {
    removeAwarenessStates(this.#awareness, [...this.#shown.get(socket) ?? []], null)
    this.#shown.delete(socket)
    const isLast = this.ctx.getWebSockets().every(other => other === socket)
    if (isLast && this.#updates.count > 1) this.#updates.replace(this.#document.encode())
  }

  /** Takes the document as one update, which is only stored. */
  async #import (request) {
    await this.#updates.import(request.body)
    return new Response('imported\n')
  }
}

export default {
  async fetch (request, env) {
    const { pathname } = new URL(request.url)
    switch (pathname) {
      case '/test/evict':
        await unsafe.evictAllDurableObjects({ webSockets: 'hibernate' })
        return Response.json('evicted')
      case '/test/calls':
        return Response.json(take())
      default:
        return env.DOCUMENTS.get(env.DOCUMENTS.idFromName(pathname)).fetch(request)
    }
  }
}
