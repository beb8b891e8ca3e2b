// The client's state machine: which operations are confirmed, under way, and waiting. It does no I/O.
import { apply, compose, diff, invert, split, transform } from './delta.js'
import type { Op } from './delta.js'

/** What the server sends. An `ack` may bring an operation of others' that follows the acknowledged one (HTTP). */
export type ServerMessage =
  | { type: 'content', epoch: string, revision: number, id: number, content: string | Op }
  | { type: 'op', revision: number, op: Op }
  | { type: 'ack', revision: number, id: number, op?: Op }
  | { type: 'open', epoch: string, revision: number, id: number }
  | ErrorMessage

export interface ErrorMessage { type: 'error', code: string, reason: string, id?: number }

export interface OpenMessage {
  type: 'open', root: string, kind: Kind, session: string, epoch?: string, revision?: number
}

/** What a client sends. */
export type ClientMessage = OpenMessage | { type: 'op', id: number, revision: number, op: Op }

export type Kind = 'text' | 'delta'

/** Told of each change of the content, with the content before; `origin` is undefined for what comes from the server. */
export type Listener = (op: Op, origin: unknown, before: Op) => void

export interface ClientOptions {
  root: string
  kind?: Kind
  /** The server refused something. With `id`: an edit, which has been taken back. */
  onError?: (error: ErrorMessage) => void
}

/** A larger edit is sent in parts, one after the other: most steps of one, and most code units that it inserts. */
const MOST_STEPS = 1_000
const MOST_UNITS = 1 << 16

/**
 * A content shared through a server. It is synchronised (nothing under way), or awaiting an acknowledgement (`flight`),
 * perhaps with more edits composed behind it (`buffer`). One may edit without a connection, and before the first.
 */
export class OtClient {
  readonly root: string
  readonly kind: Kind
  /** Told of changes, in order. A listener must not edit before all were told. */
  readonly listeners = new Set<Listener>()
  /** The content as it is shown, with all own edits. */
  content: Op = []
  epoch?: string
  revision?: number
  /** Of the last operation that was sent. */
  id = 0
  session!: string
  /** The operation under way; always against the current revision, for what comes in transforms it. */
  flight?: Op
  /** Edits that follow the one under way. */
  buffer: Op = []
  #confirmed: Op = []
  #onError?: (error: ErrorMessage) => void
  #send?: (message: ClientMessage) => void
  #isOpen = false

  constructor ({ root, kind = 'text', onError }: ClientOptions) {
    this.root = root
    this.kind = kind
    this.#onError = onError
    this.#renew()
  }

  /** The content as plain text. */
  get text (): string {
    return apply('', this.content)
  }

  /** Whether the server has everything. */
  get isSynchronised (): boolean {
    return !this.flight && !this.buffer.length
  }

  /** Changes the content, here and, as soon as that can be, at the server. */
  edit (op: Op, origin: unknown = this): void {
    this.buffer = compose(this.buffer, op)
    this.#show(op, origin)
    this.#flush()
  }

  /** There is a connection, on which nothing was sent yet. */
  connect (send: (message: ClientMessage) => void): void {
    const { root, kind, session, epoch, revision } = this
    this.#send = send
    send({ type: 'open', root, kind, session, epoch, revision })
  }

  /** The connection is gone. */
  disconnect (): void {
    this.#isOpen = false
  }

  /** Begins anew with the next connection: it will bring the content. */
  forget (): void {
    this.disconnect()
    this.epoch = this.revision = undefined
  }

  /** Takes in a message of the server. One that repeats what is known changes nothing. */
  receive (message: ServerMessage): void {
    const { type } = message
    if (type === 'op') {
      if (message.revision > this.revision!) {
        this.revision = message.revision
        this.#integrate(message.op)
      }
    } else if (type === 'ack') {
      if (message.id === this.id) this.#acknowledge(message.revision, message.op)
    } else if (type === 'error') {
      this.#refuse(message)
    } else {
      const { epoch, revision, id } = message
      const ahead = epoch === this.epoch ? revision - this.revision! : 1
      if (ahead < 0) return
      this.epoch = epoch
      if (id >= this.id) this.#acknowledge(revision)
      this.revision = revision
      if (type === 'content' && ahead) {
        const { content } = message
        this.#integrate(diff(this.#confirmed, typeof content === 'string' ? [{ insert: content }] : content))
      }
      this.#isOpen = true
      // What the others' operations left nothing of needs no sending.
      if (this.flight?.length) this.#post()
      else this.flight = undefined
    }
    this.#flush()
  }

  /** The operation under way is part of the confirmed content; `op` follows it. */
  #acknowledge (revision?: number, op: Op = []): void {
    if (!this.flight) return
    this.#confirmed = compose(this.#confirmed, this.flight)
    this.flight = undefined
    this.revision = revision
    this.#integrate(op)
  }

  /** Takes in what others did to the confirmed content: it moves up past the own edits, and they move behind it. */
  #integrate (op: Op): void {
    const { flight, buffer } = this
    this.#confirmed = compose(this.#confirmed, op)
    if (flight) {
      this.flight = transform(op, flight, true)
      op = transform(flight, op)
    }
    this.buffer = transform(op, buffer, true)
    this.#show(transform(buffer, op))
  }

  #show (op: Op, origin?: unknown): void {
    if (!op.length) return
    const before = this.content
    this.content = compose(before, op)
    for (const listener of this.listeners) listener(op, origin, before)
  }

  #refuse (error: ErrorMessage): void {
    this.forget()
    if (this.flight && error.id === this.id) {
      this.#acknowledge(undefined, invert(this.flight, this.#confirmed))
      this.#renew()
    }
    this.#onError?.(error)
  }

  /** Nothing is under way, so that a fresh session may begin. */
  #renew (): void {
    this.id = 0
    this.session = crypto.getRandomValues(new Uint32Array(4)).join('-')
  }

  #flush (): void {
    if (!this.#isOpen || this.flight || !this.buffer.length) return
    ;[this.flight, this.buffer] = split(this.buffer, MOST_STEPS, MOST_UNITS)
    this.id++
    this.#post()
  }

  #post (): void {
    this.#send!({ type: 'op', id: this.id, revision: this.revision!, op: this.flight! })
  }
}
