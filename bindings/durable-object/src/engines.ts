// The engine's instances of this isolate: one for each document that is in memory, as far as there is memory.
//
// A trap ends only the instance that it happens in, hence one for each document. An object that is evicted leaves no
// word, V8 hardly feels how much memory an instance holds, and an instance never shrinks. So instances are kept here, where
// the object's next incarnation finds its own, and are few: between any two events a document's rows and attachments have
// all that its room knows, so another one can have its instance. If the object still was in memory, it is opened again at its
// next event, as it would be after hibernation.
import { create, type Engine, type Room } from 'merganser/room'
import module from 'merganser/room_bg.wasm'

/** What instances may hold, of the 128 MB that an isolate has: if they have grown beyond it, the largest are given up. */
const MOST_BYTES = 64 << 20
/** From this part of it on, one is taken over rather than made. */
const ENOUGH = 3 / 4
/**
 * Only from here on from who waits for something: handshakes that are broken off come again at once. But beyond what an
 * isolate has it is ended, and all its documents begin anew.
 */
const TOO_MUCH = 3 / 2
/** Silent for so long, an object is evicted or could be. */
const ASLEEP_AFTER_MS = 10_000
/** Silent for so long, it waits for nothing any more. */
const GONE_AFTER_MS = 60_000

/** An object that has a seat. */
export interface Tenant {
  /** Whether it waits for a call, and so for more than its rows and attachments bring back. */
  waits (): boolean
}

/** What a document loses with its instance. */
enum Loss {
  /** It sleeps, or is about to: so far it has had one event, as one has that only beats. */
  Nothing,
  /** It may soon have its next event, and is opened again for it. */
  Time,
  /** It waits for something: handshakes begin again, requests are to be repeated. */
  Calls
}

/** An instance, its room, and who uses it. */
export class Seat {
  room: Room | undefined
  usedMs = 0
  #uses = 0

  constructor (public id: string, public tenant: Tenant, readonly engine: Engine) {}

  get bytes (): number { return this.engine.memory.buffer.byteLength }

  /** Ends the room: the tenant has none any more. */
  vacate (): void {
    this.room?.free()
    this.room = undefined
  }

  /** Gives it to an object, without a room. */
  give (id: string, tenant: Tenant): void {
    this.vacate()
    this.id = id
    this.tenant = tenant
    this.#uses = 0
  }

  /** Its tenant has an event. */
  use (nowMs: number): void {
    this.usedMs = nowMs
    this.#uses++
  }

  /** How much is lost with it. */
  loss (nowMs: number): Loss {
    const silentMs = nowMs - this.usedMs
    if (silentMs >= GONE_AFTER_MS) return Loss.Nothing
    if (this.tenant.waits()) return Loss.Calls
    return this.#uses > 1 && silentMs < ASLEEP_AFTER_MS ? Loss.Time : Loss.Nothing
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
    for (const seat of this.#seats.values()) bytes += seat.bytes
    return bytes
  }

  /** A seat without a room for the object of this id; who had it before notices that it is not its tenant any more. */
  take (id: string, tenant: Tenant, nowMs: number): Seat {
    const seat = this.#seats.get(id) ?? this.#spare(nowMs) ?? new Seat(id, tenant, create(module))
    this.#seats.delete(seat.id)
    seat.give(id, tenant)
    seat.use(nowMs)
    this.#shrink(seat.bytes, nowMs)
    this.#seats.set(id, seat)
    return seat
  }

  /** Forgets an instance that has failed. */
  drop (seat: Seat): void {
    if (this.#seats.get(seat.id) === seat) this.#seats.delete(seat.id)
  }

  /** If instances hold enough, the seat with which least is lost, and of those the one that was not used for longest. */
  #spare (nowMs: number): Seat | undefined {
    const { bytes } = this
    if (bytes < this.mostBytes * ENOUGH) return undefined
    const most = bytes < this.mostBytes * TOO_MUCH ? Loss.Time : Loss.Calls
    let found: { seat: Seat, loss: Loss } | undefined
    for (const seat of this.#seats.values()) {
      const loss = seat.loss(nowMs)
      if (loss > most) continue
      if (!found || loss < found.loss || (loss === found.loss && seat.usedMs < found.seat.usedMs)) found = { seat, loss }
    }
    return found?.seat
  }

  /** Gives up the largest instances that rest while all, with one of so many bytes, hold too much. */
  #shrink (taken: number, nowMs: number): void {
    let over = this.bytes + taken - this.mostBytes
    if (over <= 0) return
    const resting = [...this.#seats.values()].filter(seat => seat.loss(nowMs) < Loss.Calls)
    for (const seat of resting.sort((a, b) => b.bytes - a.bytes)) {
      over -= seat.bytes
      this.#seats.delete(seat.id)
      seat.vacate()
      if (over <= 0) return
    }
  }
}

/** An instance that is used once and let go of: a trap in it harms no document. */
export function anInstance (): Engine {
  return create(module)
}

/** Those of this isolate. */
export const engines = new Engines()
