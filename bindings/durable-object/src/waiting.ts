// Who waits for an answer over HTTP, or listens to a stream of events. None of them outlives the object's memory.
import { answer, UNAVAILABLE } from './refusal'

/** How often something is sent, so that proxies keep a stream open, and who has gone is noticed. */
const BEAT_MS = 20_000
/** A comment. */
const SIGN_OF_LIFE = ':\n\n'
/** A listener that leaves so much untaken is sent nothing more. */
const MOST_BYTES = 16 << 20

/** Those of one object, by the numbers of their connections. */
export class Waiting {
  readonly #requests = new Map<number, (response: Response) => void>()
  readonly #streams = new Map<number, ReadableStreamDefaultController<Uint8Array>>()
  #timer: ReturnType<typeof setInterval> | undefined

  /** `onBeat` is called every 20 s while there is somebody, `onGone` for who has gone by itself or is too slow. */
  constructor (readonly onBeat: () => void, readonly onGone: (connection: number) => void) {}

  get isEmpty (): boolean { return this.#requests.size + this.#streams.size === 0 }

  /** A request, until its client goes away; its answer. */
  ask (connection: number, request: Request): Promise<Response> {
    request.signal.addEventListener('abort', () => this.#leave(connection))
    const { promise, resolve } = Promise.withResolvers<Response>()
    this.#requests.set(connection, resolve)
    this.#beatOrNot()
    return promise
  }

  /** A stream, until its client goes away. */
  listen (connection: number, request: Request): Response {
    request.signal.addEventListener('abort', () => this.#leave(connection))
    const source: UnderlyingSource<Uint8Array> = {
      start: controller => { this.#streams.set(connection, controller as ReadableStreamDefaultController) },
      cancel: () => this.#leave(connection)
    }
    const body = new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: MOST_BYTES }))
    this.#beatOrNot()
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' } })
  }

  /** Answers a request. */
  respond (connection: number, status: number, json: string): void {
    this.#requests.get(connection)?.(answer(status, json))
    this.#requests.delete(connection)
    this.#beatOrNot()
  }

  /** Sends to a stream. `false` if this is none. */
  send (connection: number, text: string): boolean {
    const stream = this.#streams.get(connection)
    if (!stream) return false
    if (stream.desiredSize! > 0) stream.enqueue(new TextEncoder().encode(text))
    else this.#leave(connection)
    return true
  }

  /** Ends a stream; a request is told to come again. */
  end (connection: number): void {
    this.#requests.get(connection)?.(UNAVAILABLE.toResponse())
    this.#requests.delete(connection)
    const stream = this.#streams.get(connection)
    this.#streams.delete(connection)
    try {
      stream?.close()
    } catch {
      // Its client has ended it.
    }
    this.#beatOrNot()
  }

  /** Ends all. */
  endAll (): void {
    for (const connection of [...this.#requests.keys(), ...this.#streams.keys()]) this.end(connection)
  }

  #leave (connection: number): void {
    if (!this.#requests.has(connection) && !this.#streams.has(connection)) return
    this.end(connection)
    this.onGone(connection)
  }

  #beatOrNot (): void {
    if (this.isEmpty) {
      clearInterval(this.#timer ?? null)
      this.#timer = undefined
    } else {
      this.#timer ??= setInterval(() => {
        for (const connection of this.#streams.keys()) this.send(connection, SIGN_OF_LIFE)
        this.onBeat()
      }, BEAT_MS)
    }
  }
}
