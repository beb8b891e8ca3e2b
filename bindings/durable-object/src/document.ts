// One document: the Durable Object that drives its room and carries out what that asks for. It decides nothing.
import { DurableObject } from 'cloudflare:workers'
import type { Room, RoomOptions, RowWrite } from 'merganser/room'
import { OT_PATH, readAsked, type Asked } from './asked'
import { DELETED, FAILED, REPLACED, TEXT, type Close } from './closes'
import { attach, checked, forget, isForgotten, resume, type Admission, type Connection } from './connection'
import { Counts, type Failing } from './counts'
import { engines, type Seat, type Tenant } from './engines'
import { log } from './log'
import { exportFile, importFile } from './moving'
import { FAILURE, FORBIDDEN, MALFORMED, NO_DOCUMENT, NOT_ALLOWED, NOT_EMPTY, Refusal, UNAVAILABLE } from './refusal'
import { release } from './release'
import { LIMITS, Rows } from './rows'
import { Waiting } from './waiting'

/** What the object finds in its environment. */
export interface DocumentEnv {
  /** What is to be other than by default (see `RoomOptions`). */
  ROOM_OPTIONS?: RoomOptions
}

/**
 * Others see an edit at once; it is stored within the window, and until then kept with its sender's socket. What may
 * be held in memory is little, since an isolate has 128 MB for all its objects.
 */
const DEFAULTS = {
  windowMs: 20_000,
  // About a frame of a screen: nobody sees it, and a message to each of many is what costs most.
  broadcastPauseMs: 20,
  messageBytes: 16 << 20,
  pageCacheBytes: 1 << 20,
  unstoredBytes: 16 << 20,
  historyBytes: 1 << 20,
  // About as long as an idle object stays in memory.
  documentKeptMs: 10_000
}
/** The subprotocol of clients without an engine. Their sockets have it as a tag, too, which outlives hibernation. */
const OT = 'merganser-ot'
/** Where documents are exported, imported and deleted, and where what an object counts is, before their names. */
export const DOCUMENTS_PATH = '/api/documents/'
export const METRICS_PATH = '/api/metrics/'

/** What is asked of who administers documents. */
export type Administration = 'export' | 'import' | 'delete' | 'metrics'

/** What was new in an update. */
export interface Accepted {
  /** An update (v1), as Yjs reads it. */
  update: Uint8Array
  /** Who sent it; `undefined` for what had waited for something missing that another one brought. */
  connection: Connection | undefined
}

/** What was stored. */
export interface Flushed {
  /** Flushes are numbered from 1 on, as long as the document is not deleted; not every number is told of. */
  sequence: number
}

/**
 * A document that is edited over WebSockets, as y-websocket speaks, and by clients without an engine (`PROTOCOL.md`).
 *
 * It hibernates while nobody speaks: all that its room knows is in its rows and in what is attached to its sockets.
 * A subclass says who may do what (`onConnect`, `mayAdminister`), and is told what happens (`onUpdate`, `onFlush`). A hook
 * that throws, or whose promise is rejected, is logged and counted, and changes nothing else.
 */
export class DocumentObject<Env extends DocumentEnv = DocumentEnv> extends DurableObject<Env> {
  protected readonly rows: Rows
  protected readonly counts = new Counts()
  readonly #tenant: Tenant = { waits: () => this.#timer !== undefined || !this.#waiting.isEmpty || this.#unheard.size > 0 }
  readonly #tellsUpdates = this.onUpdate !== DocumentObject.prototype.onUpdate
  #seat: Seat | undefined
  #sockets = new Map<number, WebSocket>()
  /** Those of the sockets, and of requests. */
  #connections = new Map<number, Connection>()
  /** Connections that have said nothing yet. */
  readonly #unheard = new Set<number>()
  /** The beat keeps the seat, too. */
  readonly #waiting = new Waiting(
    () => this.#run(undefined, () => {}),
    connection => this.#run(undefined, room => {
      this.#connections.delete(connection)
      room.disconnect(connection, this.#now())
    })
  )
  #lastConnection = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #nowMs = 0
  #damageTold = 0
  /** Hooks that are to be called once the room has had its turn. */
  #toTell: { hook: string, connection: Connection | undefined, call: () => unknown }[] = []
  /** Its rows come or go: there is no room meanwhile. */
  #isMoving = false
  #writesFail = false
  /** A read has failed; it may have been what the room is opened from. */
  #readsFailed = false

  constructor (ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.rows = new Rows(ctx.storage)
  }

  /**
   * Whether who asks for a connection, or for something over HTTP (`/api/ot/`), is let in, as whom, and with which rights.
   * A `Response` (401, 403, ...) refuses. Everybody may do everything, unless a subclass says otherwise.
   */
  protected onConnect (_request: Request): Admission | Response | Promise<Admission | Response> {
    return { rights: 'write' }
  }

  /** Whether who asks may export, import or delete the document, or see what is counted. Nobody may, by default. */
  protected mayAdminister (_request: Request, _what: Administration): boolean | Promise<boolean> {
    return false
  }

  /** Something new has come. Others have been sent it; it is stored when `onFlush` is called next. */
  protected onUpdate (_accepted: Accepted): unknown {
    return undefined
  }

  /** All that `onUpdate` was told of before is stored. */
  protected onFlush (_flushed: Flushed): unknown {
    return undefined
  }

  /** Connects a client if the request is a WebSocket upgrade; else answers it, if its path is one of the API. */
  override async fetch (request: Request): Promise<Response> {
    try {
      if (request.headers.get('Upgrade')?.toLowerCase() === 'websocket') return await this.#connect(request)
      const { pathname } = new URL(request.url)
      if (pathname.startsWith(OT_PATH)) return await this.#answer(request)
      if (pathname.startsWith(DOCUMENTS_PATH)) return await this.#administer(request)
      if (pathname.startsWith(METRICS_PATH)) return await this.#metrics(request)
      return new Response('a document is a WebSocket\n', { status: 426, headers: { Upgrade: 'websocket' } })
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse()
      this.#failed('request', 'a request failed', error)
      return FAILURE.toResponse()
    }
  }

  async #connect (request: Request): Promise<Response> {
    const admission = await this.#admit(request)
    if (admission instanceof Response) return admission
    const [client, socket] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    const protocols = request.headers.get('Sec-WebSocket-Protocol')?.split(',').map(protocol => protocol.trim())
    const isOt = protocols?.includes(OT)
    this.#run(undefined, room => {
      const number = ++this.#lastConnection
      this.ctx.acceptWebSocket(socket, isOt ? [String(number), OT] : [String(number)])
      this.#sockets.set(number, socket)
      this.#unheard.add(number)
      this.#connections.set(number, { number, ...admission })
      const mayWrite = admission.rights === 'write'
      if (isOt) room.connectOt(number, mayWrite, this.#now())
      else room.connect(number, mayWrite, this.#now())
    })
    return new Response(null, { status: 101, webSocket: client, headers: isOt ? { 'Sec-WebSocket-Protocol': OT } : {} })
  }

  /** Asks the hook who this is. */
  async #admit (request: Request): Promise<Admission | Response> {
    let admission
    try {
      const said = await this.onConnect(request)
      admission = said instanceof Response ? said : checked(said)
    } catch (error) {
      this.#failed('hook', 'a hook failed', error, { hook: 'onConnect' })
      throw FAILURE
    }
    if (this.#isMoving) throw UNAVAILABLE
    if (admission instanceof Response) {
      this.counts.refused++
      log('warn', 'connection refused', { document: this.#name, status: admission.status })
    } else {
      this.counts.admitted++
    }
    return admission
  }

  async #answer (request: Request): Promise<Response> {
    const admission = await this.#admit(request)
    if (admission instanceof Response) return admission
    const asked = await readAsked(request, this.#options.messageBytes)
    // Opened first: that ends all who wait.
    return await new Promise((resolve, reject) => {
      this.#run(undefined, room => {
        const number = ++this.#lastConnection
        const isStream = asked.kind === 'stream'
        resolve(isStream ? this.#waiting.listen(number, request) : this.#waiting.ask(number, request))
        this.#connections.set(number, { number, ...admission })
        this.#ask(room, number, asked, admission.rights === 'write')
      })
      reject(UNAVAILABLE)
    })
  }

  #ask (room: Room, connection: number, asked: Asked, mayWrite: boolean): void {
    const { subject } = asked
    switch (asked.kind) {
      case 'content':
        return room.requestContent(connection, subject, this.#now())
      case 'changes':
        return room.requestChanges(connection, subject, asked.from.epoch, asked.from.revision, asked.waitMs, this.#now())
      case 'stream':
        return room.stream(connection, subject, asked.from?.epoch, asked.from?.revision, this.#now())
      case 'edit':
        return room.requestEdit(connection, mayWrite, subject, asked.body, this.#now())
    }
  }

  /** Exports, imports or deletes the document. */
  async #administer (request: Request): Promise<Response> {
    switch (request.method) {
      case 'GET': {
        await this.#demand(request, 'export')
        if (!this.#flush()) throw UNAVAILABLE
        const file = exportFile(this.rows, error => this.#failed('store', 'an export failed', error))
        if (!file) throw NO_DOCUMENT
        log('info', 'document exported', { document: this.#name })
        return new Response(file, { headers: { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' } })
      }
      case 'PUT':
        await this.#demand(request, 'import')
        await this.#import(request.body)
        return new Response(null, { status: 204 })
      case 'DELETE':
        await this.#demand(request, 'delete')
        await this.#move(DELETED, async () => {
          this.rows.deleteAll()
          await this.ctx.storage.deleteAll()
        })
        log('info', 'document deleted', { document: this.#name })
        return new Response(null, { status: 204 })
      default:
        throw NOT_ALLOWED('GET', 'PUT', 'DELETE')
    }
  }

  async #import (body: ReadableStream<Uint8Array> | null): Promise<void> {
    if (!body) throw MALFORMED('there is no file')
    if (!this.#flush()) throw UNAVAILABLE
    if (this.rows.hasDocument) throw NOT_EMPTY
    await this.#move(REPLACED, () => importFile(this.rows, body, this.#options))
    log('info', 'document imported', { document: this.#name })
  }

  /** Asks the hook for the right to administer. */
  async #demand (request: Request, what: Administration): Promise<void> {
    let may
    try {
      may = await this.mayAdminister(request, what)
    } catch (error) {
      this.#failed('hook', 'a hook failed', error, { hook: 'mayAdminister' })
      throw FAILURE
    }
    if (may !== true) throw FORBIDDEN
    if (this.#isMoving) throw UNAVAILABLE
  }

  /** Closes all connections, changes rows while there is no room, and lets the next one read them. */
  async #move (close: Close, move: () => Promise<void>): Promise<void> {
    this.#isMoving = true
    try {
      for (const socket of this.ctx.getWebSockets()) {
        const connection = this.#connectionOf(socket)
        this.#sockets.set(connection, socket)
        if (socket.readyState === WebSocket.OPEN) this.#close(connection, close)
        // What is on its way still, or was not stored, belongs to the document that was.
        forget(socket)
      }
      this.#discard()
      await move()
    } finally {
      this.#isMoving = false
    }
  }

  async #metrics (request: Request): Promise<Response> {
    if (request.method !== 'GET') throw NOT_ALLOWED('GET')
    await this.#demand(request, 'metrics')
    const seat = this.#seat?.tenant === this.#tenant ? this.#seat : undefined
    const { closes, failures, admitted, refused } = this.counts
    return Response.json({
      room: seat?.room?.meters() ?? null,
      sockets: this.ctx.getWebSockets().length,
      admitted,
      refused,
      closes,
      failures,
      rows: this.rows.billed,
      instanceBytes: seat?.engine.memory.buffer.byteLength ?? 0
    }, { headers: { 'Cache-Control': 'no-store' } })
  }

  override webSocketMessage (socket: WebSocket, message: ArrayBuffer | string): void {
    this.#run(socket, (room, connection) => {
      if (typeof message !== 'string') {
        room.receive(connection, new Uint8Array(message), this.#now())
        return release(message)
      }
      if (this.ctx.getTags(socket).includes(OT)) {
        return room.receive(connection, new TextEncoder().encode(message), this.#now())
      }
      this.#close(connection, TEXT)
      room.disconnect(connection, this.#now())
    })
  }

  override webSocketClose (socket: WebSocket): void {
    this.#run(socket, (room, connection) => {
      this.#sockets.delete(connection)
      this.#connections.delete(connection)
      room.disconnect(connection, this.#now())
    })
    // The other half of the closing handshake; of no use where the connection is lost.
    attempt(() => socket.close())
  }

  override webSocketError (socket: WebSocket): void {
    this.webSocketClose(socket)
  }

  override alarm (): void {
    this.#run(undefined, room => room.tick(this.#now()))
  }

  /** Stores what is not stored yet; whether that succeeded. */
  #flush (): boolean {
    this.#writesFail = false
    this.#run(undefined, room => room.flush(this.#now()))
    return !this.#writesFail && this.#seat !== undefined
  }

  /** Does a step of the room and all that follows. Nothing leaves a handler: nobody would see it. */
  #run (socket: WebSocket | undefined, step: (room: Room, connection: number) => void): void {
    if (this.#isMoving || (socket && socket.readyState !== WebSocket.OPEN && isForgotten(socket))) return
    try {
      if (this.#readsFailed) this.#letGo()
      const room = this.#room(socket)
      const connection = socket ? this.#connectionOf(socket) : 0
      this.#unheard.delete(connection)
      // Of a socket that was closed from here an event may still come, when its number is another one's.
      if (socket && this.#sockets.get(connection) !== socket) return
      step(room, connection)
      this.#carryOut(room)
    } catch (error) {
      this.#fail(socket, error)
    }
    for (const { hook, connection, call } of this.#toTell.splice(0)) this.#tell(hook, connection, call)
  }

  /** After a read that failed the room is opened anew, once it holds nothing. */
  #letGo (): void {
    const seat = this.#seat
    if (seat?.tenant === this.#tenant && seat.room && !seat.room.isIdle) return
    this.#readsFailed = false
    this.#discard()
  }

  /** Calls a hook. It can't do any harm. */
  #tell (hook: string, connection: Connection | undefined, call: () => unknown): void {
    const failed = (error: unknown) => {
      this.#failed('hook', 'a hook failed', error, { hook, connection: connection?.number, user: connection?.user })
    }
    try {
      Promise.resolve(call()).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  /** The room; opened again where the object, or its seat, was not in memory. */
  #room (handled: WebSocket | undefined): Room {
    const nowMs = this.#now()
    const seat = this.#seat
    if (seat?.tenant === this.#tenant && seat.room) {
      seat.use(nowMs)
      return seat.room
    }
    const taken = this.#seat = engines.take(this.ctx.id.toString(), this.#tenant, nowMs)
    const room = taken.room = new taken.engine.Room(randomStamp(), this.#options)
    this.#damageTold = 0
    this.#sockets.clear()
    this.#unheard.clear()
    this.#connections.clear()
    this.#waiting.endAll()
    for (const socket of this.ctx.getWebSockets()) {
      const connection = this.#connectionOf(socket)
      this.#lastConnection = Math.max(this.#lastConnection, connection)
      if (socket.readyState === WebSocket.OPEN || socket === handled) {
        this.#sockets.set(connection, socket)
        this.#connections.set(connection, resume(room, connection, socket, nowMs))
      }
    }
    return room
  }

  get #options (): RoomOptions & typeof DEFAULTS {
    const options = { ...DEFAULTS, ...this.env.ROOM_OPTIONS, ...LIMITS, tellsAccepted: this.#tellsUpdates }
    // Without a window nothing would be attached, and nothing outlive hibernation.
    options.windowMs ??= DEFAULTS.windowMs
    return options
  }

  /** Carries out what the room asks for, in order. */
  #carryOut (room: Room): void {
    this.#noteAccepted(room)
    for (let effect = room.nextEffect(); effect; effect = room.nextEffect()) {
      switch (effect.kind) {
        case 'read':
          this.#read(room, effect.token, effect.first, effect.last)
          this.#noteAccepted(room)
          break
        case 'write':
          this.#write(room, effect.token, effect.rows)
          break
        case 'send':
          for (const connection of effect.to) {
            if (effect.isText && this.#waiting.send(connection, effect.message)) continue
            // A socket that has closed meanwhile: its close event is on the way.
            attempt(() => this.#sockets.get(connection)?.send(effect.message))
          }
          // A socket has taken a copy.
          if (!effect.isText) release(effect.message.buffer)
          break
        case 'respond':
          this.#waiting.respond(effect.connection, effect.status, effect.body)
          this.#connections.delete(effect.connection)
          break
        case 'attach':
          this.#attach(room, effect.connection, effect.bytes)
          break
        case 'close':
          this.#close(effect.connection, effect)
          break
        case 'callAt':
          this.#callAt(effect.atMs)
          break
        case 'wakeAt':
          this.ctx.storage.setAlarm(effect.atMs).catch(error => this.#failed('alarm', 'no alarm could be set', error))
          break
      }
    }
  }

  /** Notes what was accepted while it is known who sent it. */
  #noteAccepted (room: Room): void {
    if (!this.#tellsUpdates) return
    for (let accepted = room.nextAccepted(); accepted; accepted = room.nextAccepted()) {
      const { update, connection: number } = accepted
      const connection = number === undefined ? undefined : this.#connections.get(number)
      this.#toTell.push({ hook: 'onUpdate', connection, call: () => this.onUpdate({ update, connection }) })
    }
  }

  #write (room: Room, token: number, rows: RowWrite[]): void {
    const failure = attempt(() => this.rows.write(rows))
    for (const { bytes } of rows) if (bytes) release(bytes.buffer)
    this.#writesFail = failure !== undefined
    if (failure !== undefined) {
      return room.writeFailed(token, this.#failed('store', 'rows could not be written', failure), this.#now())
    }
    const before = room.storedSequence
    room.written(token, this.#now())
    const sequence = room.storedSequence
    if (sequence > before) this.#toTell.push({ hook: 'onFlush', connection: undefined, call: () => this.onFlush({ sequence }) })
  }

  /** What can't be attached is stored instead. */
  #attach (room: Room, number: number, bytes: Uint8Array): void {
    const [socket, connection] = [this.#sockets.get(number), this.#connections.get(number)]
    if (!socket || !connection) return
    const failure = attempt(() => attach(socket, connection, bytes))
    if (failure === undefined) return
    this.#failed('attachment', 'nothing could be attached', failure, { connection: number })
    room.flush(this.#now())
  }

  #read (room: Room, token: number, first: number, last: number): void {
    let rows: [number, ArrayBuffer][] = []
    const failure = attempt(() => { rows = this.rows.read(first, last) })
    if (failure === undefined) room.rows(token, rows, this.#now())
    else room.readFailed(token, this.#failed('store', 'rows could not be read', failure), this.#now())
    for (const [, bytes] of rows) release(bytes)
    this.#readsFailed ||= failure !== undefined
    const damage = room.damage()
    for (const found of damage.slice(this.#damageTold)) {
      const [level, message] = found.kind === 'rebuilt'
        ? ['warn', 'a damaged row was rebuilt'] as const
        : ['error', 'the stored document is damaged'] as const
      log(level, message, { document: this.#name, damage: found })
    }
    this.#damageTold = damage.length
  }

  #callAt (atMs: number | undefined): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = atMs === undefined
      ? undefined
      : setTimeout(() => {
        this.#timer = undefined
        // It has come, though the clock may not say so yet.
        this.#nowMs = Math.max(this.#nowMs, atMs)
        this.#run(undefined, room => room.tick(this.#now()))
      }, Math.max(0, atMs - this.#now()))
  }

  #close (connection: number, { code, reason }: Close): void {
    this.counts.close(code)
    const { user } = this.#connections.get(connection) ?? {}
    log('warn', 'connection closed', { document: this.#name, connection, user, code, reason })
    const socket = this.#sockets.get(connection)
    this.#sockets.delete(connection)
    this.#connections.delete(connection)
    attempt(() => socket?.close(code, reason))
    this.#waiting.end(connection)
  }

  /**
   * The engine failed, at what `socket` sent if that is given: its instance is dropped, the document begins again from
   * its rows and attachments, and all but this socket's client notice nothing.
   */
  #fail (socket: WebSocket | undefined, error: unknown): void {
    this.#failed('engine', 'the document failed', error, { connection: socket && this.#connectionOf(socket) })
    try {
      this.#discard()
      const room = this.#room(socket)
      if (socket) {
        const connection = this.#connectionOf(socket)
        this.#close(connection, FAILED)
        room.disconnect(connection, this.#now())
      }
      this.#carryOut(room)
    } catch (again) {
      // It is the rows or the attachments that it fails at: clients bring what they have when they connect again.
      this.#failed('engine', 'the document failed again', again)
      this.#discard()
      for (const socket of this.ctx.getWebSockets()) {
        const connection = this.#connectionOf(socket)
        this.#sockets.set(connection, socket)
        this.#close(connection, FAILED)
      }
    }
  }

  #discard (): void {
    if (this.#seat) engines.drop(this.#seat)
    this.#seat = undefined
    this.#callAt(undefined)
    this.#waiting.endAll()
  }

  #connectionOf (socket: WebSocket): number {
    return Number(this.ctx.getTags(socket)[0])
  }

  /** The time, which never goes back for a room. */
  #now (): number {
    return this.#nowMs = Math.max(this.#nowMs, Date.now())
  }

  get #name (): string {
    return this.ctx.id.name ?? this.ctx.id.toString()
  }

  /** Counts and logs a failure; gives it in words. */
  #failed (what: Failing, message: string, failure: unknown, fields: Record<string, unknown> = {}): string {
    const error = String(failure)
    this.counts.failures[what]++
    log('error', message, { document: this.#name, ...fields, error, stack: (failure as Error)?.stack })
    return error
  }
}

function randomStamp (): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!
}

/** What the call throws, if it does. */
function attempt (call: () => void): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return error ?? new Error('unknown')
  }
}
