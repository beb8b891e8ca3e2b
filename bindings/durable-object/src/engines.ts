// The engine's instances of this isolate: one for each document that is in memory.
//
// A trap ends only the instance that it happens in, hence one for each document. An object that is evicted leaves no
// word, and V8 does not feel how much memory an instance holds: so instances are kept here, where the object's next
// incarnation finds its own, and where those that are not used make room for others.
import { create, type Engine, type Room } from 'merganser/room'
import module from 'merganser/room_bg.wasm'

/** Once instances hold this many bytes, of the 128 MB that an isolate has, one that is not used is taken over. */
const MOST_BYTES = 64 << 20
/** Silent for so long, an object is evicted or could be: its room may be taken away. */
const SPARE_AFTER_MS = 10_000
/** Silent for so long, it waits for nothing any more either. */
const SURELY_SPARE_AFTER_MS = 60_000

/** An object that has a seat. */
export interface Tenant {
  /** Whether it waits for a call, and so for more than its rows and attachments bring back. */
  waits (): boolean
}

/** An instance, its room, and who uses it. */
export class Seat {
  room: Room | undefined
  usedMs = 0

  constructor (public id: string, public tenant: Tenant, readonly engine: Engine) {}

  isSpare (nowMs: number): boolean {
    const silent = nowMs - this.usedMs
    return silent >= SURELY_SPARE_AFTER_MS || (silent >= SPARE_AFTER_MS && !this.tenant.waits())
  }
}

/** All instances of an isolate. */
export class Engines {
  readonly #seats = new Map<string, Seat>()

  constructor (readonly mostBytes = MOST_BYTES) {}

  get count (): number { return this.#seats.size }

  /** Bytes of all instances. */
  get bytes (): number {
    let bytes = 0
    for (const seat of this.#seats.values()) bytes += seat.engine.memory.buffer.byteLength
    return bytes
  }

  /** A seat without a room for the object of this id; who had it before notices that it is not its tenant any more. */
  take (id: string, tenant: Tenant, nowMs: number): Seat {
    const seat = this.#seats.get(id) ?? this.#spare(nowMs) ?? new Seat(id, tenant, create(module))
    this.#seats.delete(seat.id)
    seat.room?.free()
    seat.room = undefined
    seat.id = id
    seat.tenant = tenant
    seat.usedMs = nowMs
    this.#seats.set(id, seat)
    return seat
  }

  /** Forgets an instance that has failed. */
  drop (seat: Seat): void {
    if (this.#seats.get(seat.id) === seat) this.#seats.delete(seat.id)
  }

  /** The seat that was not used for longest, if instances hold enough and it can be spared. */
  #spare (nowMs: number): Seat | undefined {
    if (this.bytes < this.mostBytes) return undefined
    let oldest: Seat | undefined
    for (const seat of this.#seats.values()) {
      if (seat.isSpare(nowMs) && seat.usedMs < (oldest?.usedMs ?? Infinity)) oldest = seat
    }
    return oldest
  }
}

/** An instance that is used once and let go of: a trap in it harms no document. */
export function anInstance (): Engine {
  return create(module)
}

/** Those of this isolate. */
export const engines = new Engines()
