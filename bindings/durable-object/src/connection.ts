// Who is connected: what a hook has said of it, and how that outlives hibernation.
import type { Room } from 'merganser/room'

/** What may be kept as JSON. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** What a client is let in with. */
export interface Admission {
  /** Whether it may change the document, or only see it and show itself. */
  rights: 'read' | 'write'
  /** Who it is: handed to the other hooks, and kept with its connection. At most 1,024 bytes as JSON. */
  user?: Json
}

/** One connection, or one request over HTTP. */
export interface Connection extends Admission {
  /** Its number; no other connection of this document has it while it is there. */
  number: number
}

/** Bytes that `user` may take; a room takes at most 15,000 of the 16,384 that may be attached. */
const USER_BYTES = 1_024

/** What is attached to a socket. */
interface Attached {
  room: Uint8Array
  rights: 'read' | 'write'
  /** JSON in UTF-8. */
  user: Uint8Array | undefined
}

/** What a hook has returned, if it is an admission. What is wrong with it is thrown. */
export function checked ({ rights, user }: Admission): Admission {
  if (rights !== 'read' && rights !== 'write') throw new TypeError("onConnect: rights are 'read' or 'write'")
  const bytes = encode(user)?.byteLength ?? 0
  if (bytes > USER_BYTES) throw new RangeError(`onConnect: user takes ${bytes} bytes as JSON, more than ${USER_BYTES}`)
  // As it will be after hibernation.
  return { rights, ...(user === undefined ? {} : { user: JSON.parse(JSON.stringify(user)) }) }
}

/** Keeps these bytes of the room with a socket, beside what is known of its client. */
export function attach (socket: WebSocket, { rights, user }: Connection, room: Uint8Array): void {
  socket.serializeAttachment({ room, rights, user: encode(user) } satisfies Attached)
}

/** Takes a socket back that was there before hibernation. */
export function resume (room: Room, number: number, socket: WebSocket, nowMs: number): Connection {
  const { room: bytes = new Uint8Array(), rights = 'read', user }: Partial<Attached> = socket.deserializeAttachment() ?? {}
  room.resume(number, bytes, nowMs)
  return { number, rights, ...(user ? { user: JSON.parse(new TextDecoder().decode(user)) } : {}) }
}

/** What is attached to a socket that counts no more. */
const FORGOTTEN = 'forgotten'

/** From now on nothing counts that this socket's client has sent, not even what was kept with it. */
export function forget (socket: WebSocket): void {
  socket.serializeAttachment(FORGOTTEN)
}

export function isForgotten (socket: WebSocket): boolean {
  return socket.deserializeAttachment() === FORGOTTEN
}

function encode (user: Json | undefined): Uint8Array | undefined {
  return user === undefined ? undefined : new TextEncoder().encode(JSON.stringify(user))
}
