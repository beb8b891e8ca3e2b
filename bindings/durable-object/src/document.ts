// One document: the Durable Object that drives its room and carries out what that asks for. It decides nothing.
import { DurableObject } from 'cloudflare:workers'
import type { Room, RoomOptions } from 'merganser/room'
import { PATH, readAsked, type Asked } from './asked'
import { engines, type Seat, type Tenant } from './engines'
import { log } from './log'
import { Refusal, UNAVAILABLE } from './refusal'
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
  messageBytes: 16 << 20,
  pageCacheBytes: 1 << 20,
  unstoredBytes: 16 << 20,
  historyBytes: 1 << 20
}
/** The subprotocol of clients without an engine. Their sockets have it as a tag, too, which outlives hibernation. */
const OT = 'merganser-ot'
/** What this host, and no room, closes connections for. */
const TEXT = { code: 1003, reason: 'messages are binary' }
const FAILED = { code: 1011, reason: 'the document failed; connect again' }

/**
 * A document that is edited over WebSockets, as y-websocket speaks, and by clients without an engine (`PROTOCOL.md`).
 *
 * It hibernates while nobody speaks: all that its room knows is in its rows and in what is attached to its sockets.
 */
export class DocumentObject<Env extends DocumentEnv = DocumentEnv> extends DurableObject<Env> {
  protected readonly rows: Rows
  readonly #tenant: Tenant = { waits: () => this.#timer !== undefined || !this.#waiting.isEmpty || this.#unheard.size > 0 }
  #seat: Seat | undefined
  #sockets = new Map<number, WebSocket>()
  /** Connections that have said nothing yet. */
  readonly #unheard = new Set<number>()
  /** The beat keeps the seat, too. */
  readonly #waiting = new Waiting(
    () => this.#run(undefined, () => {}),
    connection => this.#run(undefined, room => room.disconnect(connection, this.#now()))
  )
  #lastConnection = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #nowMs = 0
  #damageTold = 0

  constructor (ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.rows = new Rows(ctx.storage)
  }

  /** Whether who asks, for a connection or an edit, may change the document: everybody, unless a subclass says otherwise. */
  protected mayWrite (_request: Request): boolean {
    return true
  }

  /** Connects a client if the request is a WebSocket upgrade; else answers it, if its path is one of `/api/ot/`. */
  override fetch (request: Request): Response | Promise<Response> {
    if (request.headers.get('Upgrade')?.toLowerCase() === 'websocket') return this.#connect(request)
    if (new URL(request.url).pathname.startsWith(PATH)) return this.#answer(request)
    return new Response('a document is a WebSocket\n', { status: 426, headers: { Upgrade: 'websocket' } })
  }

  #connect (request: Request): Response {
    const [client, socket] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    const protocols = request.headers.get('Sec-WebSocket-Protocol')?.split(',').map(protocol => protocol.trim())
    const isOt = protocols?.includes(OT)
    this.#run(undefined, room => {
      const connection = ++this.#lastConnection
      this.ctx.acceptWebSocket(socket, isOt ? [String(connection), OT] : [String(connection)])
      this.#sockets.set(connection, socket)
      this.#unheard.add(connection)
      const mayWrite = this.mayWrite(request)
      if (isOt) room.connectOt(connection, mayWrite, this.#now())
      else room.connect(connection, mayWrite, this.#now())
    })
    return new Response(null, { status: 101, webSocket: client, headers: isOt ? { 'Sec-WebSocket-Protocol': OT } : {} })
  }

  async #answer (request: Request): Promise<Response> {
    try {
      const asked = await readAsked(request, this.#options.messageBytes)
      // Opened first: that ends all who wait.
      return await new Promise((resolve, reject) => {
        this.#run(undefined, room => {
          const connection = ++this.#lastConnection
          const isStream = asked.kind === 'stream'
          resolve(isStream ? this.#waiting.listen(connection, request) : this.#waiting.ask(connection, request))
          this.#ask(room, connection, asked, request)
        })
        reject(UNAVAILABLE)
      })
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse()
      throw error
    }
  }

  #ask (room: Room, connection: number, asked: Asked, request: Request): void {
    const { subject } = asked
    switch (asked.kind) {
      case 'content':
        return room.requestContent(connection, subject, this.#now())
      case 'changes':
        return room.requestChanges(connection, subject, asked.from.epoch, asked.from.revision, asked.waitMs, this.#now())
      case 'stream':
        return room.stream(connection, subject, asked.from?.epoch, asked.from?.revision, this.#now())
      case 'edit':
        return room.requestEdit(connection, this.mayWrite(request), subject, asked.body, this.#now())
    }
  }

  override webSocketMessage (socket: WebSocket, message: ArrayBuffer | string): void {
    this.#run(socket, (room, connection) => {
      if (typeof message !== 'string') return room.receive(connection, new Uint8Array(message), this.#now())
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

  /** Does a step of the room and all that follows. Nothing leaves a handler: nobody would see it. */
  #run (socket: WebSocket | undefined, step: (room: Room, connection: number) => void): void {
    try {
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
    this.#waiting.endAll()
    for (const socket of this.ctx.getWebSockets()) {
      const connection = this.#connectionOf(socket)
      this.#lastConnection = Math.max(this.#lastConnection, connection)
      if (socket.readyState === WebSocket.OPEN || socket === handled) {
        this.#sockets.set(connection, socket)
        room.resume(connection, socket.deserializeAttachment() ?? new Uint8Array(), nowMs)
      }
    }
    return room
  }

  get #options (): RoomOptions & typeof DEFAULTS {
    const options = { ...DEFAULTS, ...this.env.ROOM_OPTIONS, ...LIMITS }
    // Without a window nothing would be attached, and nothing outlive hibernation.
    options.windowMs ??= DEFAULTS.windowMs
    return options
  }

  /** Carries out what the room asks for, in order. */
  #carryOut (room: Room): void {
    for (let effect = room.nextEffect(); effect; effect = room.nextEffect()) {
      switch (effect.kind) {
        case 'read':
          this.#read(room, effect.token, effect.first, effect.last)
          break
        case 'write': {
          const { token, rows } = effect
          const failure = attempt(() => this.rows.write(rows))
          if (failure === undefined) room.written(token, this.#now())
          else room.writeFailed(token, this.#told('rows could not be written', failure), this.#now())
          break
        }
        case 'send':
          for (const connection of effect.to) {
            if (effect.isText && this.#waiting.send(connection, effect.message)) continue
            // A socket that has closed meanwhile: its close event is on the way.
            attempt(() => this.#sockets.get(connection)?.send(effect.message))
          }
          break
        case 'respond':
          this.#waiting.respond(effect.connection, effect.status, effect.body)
          break
        case 'attach': {
          const failure = attempt(() => this.#sockets.get(effect.connection)?.serializeAttachment(effect.bytes))
          if (failure !== undefined) this.#told('nothing could be attached', failure)
          break
        }
        case 'close':
          this.#close(effect.connection, effect)
          break
        case 'callAt':
          this.#callAt(effect.atMs)
          break
        case 'wakeAt':
          this.ctx.storage.setAlarm(effect.atMs).catch(error => this.#told('no alarm could be set', error))
          break
      }
    }
  }

  #read (room: Room, token: number, first: number, last: number): void {
    let rows: [number, ArrayBuffer][] = []
    const failure = attempt(() => { rows = this.rows.read(first, last) })
    if (failure === undefined) room.rows(token, rows, this.#now())
    else room.readFailed(token, this.#told('rows could not be read', failure), this.#now())
    const damage = room.damage()
    for (const found of damage.slice(this.#damageTold)) {
      log('error', 'the stored document is damaged', { document: this.#name, damage: found })
    }
    this.#damageTold = damage.length
  }

  #callAt (atMs: number | undefined): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = atMs === undefined
      ? undefined
      : setTimeout(() => {
        this.#timer = undefined
        this.#run(undefined, room => room.tick(this.#now()))
      }, Math.max(0, atMs - this.#now()))
  }

  #close (connection: number, { code, reason }: { code: number, reason: string }): void {
    log('warn', 'connection closed', { document: this.#name, connection, code, reason })
    const socket = this.#sockets.get(connection)
    this.#sockets.delete(connection)
    attempt(() => socket?.close(code, reason))
    this.#waiting.end(connection)
  }

  /**
   * The engine failed, at what `socket` sent if that is given: its instance is dropped, the document begins again from
   * its rows and attachments, and all but this socket's client notice nothing.
   */
  #fail (socket: WebSocket | undefined, error: unknown): void {
    this.#told('the document failed', error)
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
      this.#told('the document failed again', again)
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

  /** Logs a failure; gives it in words. */
  #told (message: string, failure: unknown): string {
    const error = String(failure)
    log('error', message, { document: this.#name, error, stack: (failure as Error)?.stack })
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
