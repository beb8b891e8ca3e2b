// The least that a Durable Object can do with a message: pass it on to the other sockets. No document, no storage.
import unsafe from 'workerd:unsafe'
import { DurableObject } from 'cloudflare:workers'

export class DocumentObject extends DurableObject {
  fetch () {
    const [client, socket] = Object.values(new WebSocketPair())
    this.ctx.acceptWebSocket(socket)
    return new Response(null, { status: 101, webSocket: client })
  }

  webSocketMessage (socket, message) {
    for (const other of this.ctx.getWebSockets()) {
      if (other !== socket) other.send(message)
    }
  }
}

export default {
  async fetch (request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === '/test/calls') return Response.json([])
    if (pathname === '/test/evict') {
      await unsafe.evictAllDurableObjects({ webSockets: 'hibernate' })
      return Response.json('evicted')
    }
    return env.DOCUMENTS.get(env.DOCUMENTS.idFromName(pathname)).fetch(request)
  }
}
