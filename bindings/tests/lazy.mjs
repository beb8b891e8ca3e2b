// A client that connects, asks for a document, and reads nothing.
import { connect } from 'node:net'
import { once } from 'node:events'

/** The socket of such a client, upgraded and paused. */
export async function lazyClient (server, room) {
  const socket = connect({ port: server.port, host: '127.0.0.1', highWaterMark: 1024 })
  socket.on('error', () => {})
  socket.write(`GET /${room} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  await once(socket, 'data')
  // A sync step 1 with an empty state vector, masked with zeros.
  socket.write(Buffer.from('82840000000000000100', 'hex'))
  socket.pause()
  return socket
}
