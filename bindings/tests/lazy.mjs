// A client that connects, asks for a document, and reads nothing.
import { rawClient } from './raw.mjs'

/** The socket of such a client, upgraded and paused. */
export async function lazyClient (server, room) {
  const socket = await rawClient(server, room, { highWaterMark: 1024 })
  // A sync step 1 with an empty state vector, masked with zeros.
  socket.write(Buffer.from('82840000000000000100', 'hex'))
  socket.pause()
  return socket
}
