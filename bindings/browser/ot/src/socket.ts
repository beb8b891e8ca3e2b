// The transport over a WebSocket: JSON messages, and a new connection wherever one is lost.
import type { OtClient } from './client.js'

/** `open`: up to date with the server; `closed`: will connect again; `final`: will not, and the close code says why. */
export type Status = 'open' | 'closed' | 'final'

export interface SocketOptions {
  onStatus?: (status: Status, code?: number, reason?: string) => void
  /** The class to connect with, where it is not the global one. */
  WebSocket?: new (url: string, protocol: string) => any
}

/** Milliseconds until an operation that nobody acknowledged makes the connection a lost one. */
const PATIENCE = 15_000

/** Connects a client to the document at `url` (ws: or wss:), until the function that is returned is called. */
export const connectSocket = (
  client: OtClient, url: string, { onStatus, WebSocket = globalThis.WebSocket }: SocketOptions = {}
): () => void => {
  let attempts = 0
  let patience: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout>
  let socket: any

  const connect = (): void => {
    const current = socket = new WebSocket(url, 'merganser-ot')
    socket.onopen = () => client.connect(message => {
      if (message.type === 'op') patience ??= setTimeout(lose, PATIENCE, {})
      current.send(JSON.stringify(message))
    })
    socket.onmessage = ({ data }: { data: string }) => {
      const message = JSON.parse(data)
      const { type } = message
      if (type === 'ack') rest()
      // Fresh content comes with the next connection.
      if (type === 'error') lose({})
      client.receive(message)
      if (type === 'open' || type === 'content') onStatus?.('open')
      // What is under way may be what breaks connections.
      if (type !== 'error' && !client.flight) attempts = 0
    }
    socket.onclose = lose
    socket.onerror = () => {} // a close follows
  }

  const rest = (): void => {
    clearTimeout(patience)
    patience = undefined
  }

  /** Does not wait for the old connection, which may take minutes to notice that it is dead. */
  const lose = ({ code, reason }: { code?: number, reason?: string }): void => {
    disconnect()
    if (code! >= 4400 && code! < 4500) return onStatus?.('final', code, reason)
    retry = setTimeout(connect, Math.min(2500, 100 * 2 ** attempts++) * (1 - Math.random() / 2))
    onStatus?.('closed', code, reason)
  }

  const disconnect = (): void => {
    clearTimeout(retry)
    rest()
    client.disconnect()
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  connect()
  return disconnect
}
