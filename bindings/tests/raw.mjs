// A client that writes frames by hand.
import { connect } from 'node:net'
import { once } from 'node:events'

/** The socket of such a client, upgraded; `options` are those of the connection. */
export async function rawClient (server, room, options = {}) {
  const socket = connect({ port: server.port, host: '127.0.0.1', ...options })
  socket.on('error', () => {})
  socket.write(`GET /${room} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  await once(socket, 'data')
  return socket
}
