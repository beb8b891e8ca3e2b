// The least that a Durable Object can do with a message: pass it on to the other sockets. No document, no storage.
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
  fetch (request, env) {
    return env.DOCUMENTS.get(env.DOCUMENTS.idFromName(new URL(request.url).pathname)).fetch(request)
  }
}
