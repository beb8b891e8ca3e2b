// The Worker under measurement. What the platform would bill is counted, for each document and across evictions; how long
// each call of a handler took is noted; and time may be what a client says it is: so that hours of use need no hours.
import unsafe from 'workerd:unsafe'
import { engines } from '../src/engines'
import worker, { DocumentObject as Product, type Env } from '../src/worker'
import { note, take, timed } from './calls'

/** What one document is billed for, as far as the platform counts it by events. */
class Billed {
  /** Connections and requests over HTTP. */
  requests = 0
  /** WebSocket messages that came in. */
  messages = 0
  /** Times at which a WebSocket closed. */
  closes = 0
  alarms = 0
  rowsRead = 0
  /** With one for each alarm that was set. */
  rowsWritten = 0
  /** Times at which the object was made. */
  wakes = 0
  storedBytes = 0
}

const billed = new Map<string, Billed>()
/** Timers that were set: while one is pending, an object can't hibernate, and its time is billed. */
const timers = { set: 0, pendingMs: 0 }

/** A text message is for this file only: `@` and the time it is from now on, or `?`, which is answered. */
const TIME = '@'
const ASK = '?'

const systemNow = Date.now
let toldMs: number | undefined
Date.now = () => toldMs ?? systemNow()

const { setTimeout: systemSet, clearTimeout: systemClear } = globalThis
const pendingSince = new Map<unknown, number>()
const ended = (timer: unknown) => {
  timers.pendingMs += systemNow() - (pendingSince.get(timer) ?? systemNow())
  pendingSince.delete(timer)
}
globalThis.setTimeout = ((callback: () => void, ms: number) => {
  const timer = systemSet(() => { ended(timer); timed('timer', callback) }, ms)
  timers.set++
  pendingSince.set(timer, systemNow())
  return timer
}) as typeof setTimeout
globalThis.clearTimeout = timer => { ended(timer); systemClear(timer) }

export class DocumentObject extends Product {
  readonly #billed: Billed
  #seen = { read: 0, written: 0 }

  constructor (ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const id = ctx.id.toString()
    this.#billed = billed.get(id) ?? new Billed()
    billed.set(id, this.#billed)
    this.#billed.wakes++
    const setAlarm = ctx.storage.setAlarm.bind(ctx.storage)
    ctx.storage.setAlarm = (...given) => {
      this.#billed.rowsWritten++
      return setAlarm(...given)
    }
  }

  protected override mayAdminister (): boolean {
    return true
  }

  /** Connections are timed. An import is not: it waits for its bytes. */
  override async fetch (request: Request): Promise<Response> {
    this.#billed.requests++
    const begun = performance.now()
    try { return await super.fetch(request) } finally {
      if (request.headers.has('Upgrade')) note('connection', begun)
      this.#count()
    }
  }

  override webSocketMessage (socket: WebSocket, message: ArrayBuffer | string): void {
    if (typeof message === 'string') {
      if (message.startsWith(TIME)) toldMs = Number(message.slice(1))
      if (message === ASK) socket.send(ASK)
      return
    }
    this.#billed.messages++
    timed('webSocketMessage', () => super.webSocketMessage(socket, message))
    this.#count()
  }

  override webSocketClose (socket: WebSocket): void {
    this.#billed.closes++
    timed('webSocketClose', () => super.webSocketClose(socket))
    this.#count()
  }

  override alarm (): void {
    this.#billed.alarms++
    timed('alarm', () => super.alarm())
    this.#count()
  }

  #count (): void {
    const { read, written } = this.rows.billed
    this.#billed.rowsRead += read - this.#seen.read
    this.#billed.rowsWritten += written - this.#seen.written
    // To be asked for, the size takes longer than many a message.
    if (written !== this.#seen.written) this.#billed.storedBytes = this.ctx.storage.sql.databaseSize
    this.#seen = { read, written }
  }
}

export default {
  async fetch (request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, test, call, name] = pathname.split('/')
    if (test !== 'test') return worker.fetch(request as any, env)
    switch (call) {
      case 'evict':
        await unsafe.evictAllDurableObjects({ webSockets: 'hibernate' })
        toldMs = searchParams.has('ms') ? Date.now() + Number(searchParams.get('ms')) : toldMs
        return Response.json('evicted')
      case 'billed':
        return Response.json(billed.get(env.DOCUMENTS.idFromName(name!).toString()) ?? new Billed())
      case 'calls':
        return Response.json(take())
      case 'timers':
        return Response.json(timers)
      case 'instances':
        return Response.json({ count: engines.count, bytes: engines.bytes })
      default:
        return new Response('no such test\n', { status: 404 })
    }
  }
}
