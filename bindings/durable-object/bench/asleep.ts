// The least that a Durable Object can do that hibernates: what it is sent it sends back, and an edit is a row. What
// requests ask for is as in `metered.ts`.
import { DurableObject } from 'cloudflare:workers'
import unsafe from 'workerd:unsafe'

/** The first byte of a message that is not about who is there. */
const SYNC = 0

interface Env { DOCUMENTS: DurableObjectNamespace }

export class DocumentObject extends DurableObject {
  override fetch (): Response {
    const [client, socket] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    this.ctx.acceptWebSocket(socket)
    return new Response(null, { status: 101, webSocket: client })
  }

  override webSocketMessage (socket: WebSocket, message: ArrayBuffer | string): void {
    const bytes = new Uint8Array(message as ArrayBuffer)
    if (bytes[0] === SYNC) {
      const { sql } = this.ctx.storage
      sql.exec('CREATE TABLE IF NOT EXISTS edits (at INTEGER PRIMARY KEY, bytes BLOB)')
      sql.exec('INSERT INTO edits (bytes) VALUES (?)', bytes.subarray(0, 100_000))
    }
    socket.send(message)
  }
}

export default {
  async fetch (request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith('/test/')) return env.DOCUMENTS.get(env.DOCUMENTS.idFromName(pathname)).fetch(request)
    await unsafe.evictAllDurableObjects({ webSockets: 'hibernate' })
    return Response.json('evicted')
  }
}
