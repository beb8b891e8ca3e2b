// The transport over HTTP, for where a WebSocket does not get through: operations are posted, those of others come as a
// stream of server-sent events, or by long polling where such a stream does not arrive.
import type { ClientMessage, OtClient, ServerMessage } from './client.js'
import type { Status } from './socket.js'

export interface HttpOptions {
  onStatus?: (status: Status, code?: number, reason?: string) => void
  fetch?: typeof fetch
  /** Whether to begin with long polling. */
  isPolling?: boolean
}

/** Milliseconds until an answer that does not come makes the connection a lost one. */
const PATIENCE = 15_000
/** Seconds for which the server may hold a poll. */
const WAIT = 20

class Refused extends Error {
  constructor (readonly status: number, readonly code: string, readonly reason: string) {
    super(reason)
  }

  /** Whether it would be the same another time. */
  get isFinal (): boolean {
    return [401, 403, 404].includes(this.status)
  }
}

/** Connects a client to the document at `url` (…/api/ot/<document>), until the function that is returned is called. */
export const connectHttp = (
  client: OtClient, url: string, { onStatus, fetch = globalThis.fetch, isPolling = false }: HttpOptions = {}
): () => void => {
  let attempts = 0
  let isClosed = false
  /** Of the present connection: a stream, or a series of polls. */
  let connection = new AbortController()

  const request = async (init: RequestInit, query: Record<string, string | number> = {}): Promise<Response> => {
    const { root, kind, session } = client
    const target = new URL(url, globalThis.location?.href)
    for (const [name, value] of Object.entries({ root, kind, session, ...query })) target.searchParams.set(name, `${value}`)
    const response = await fetch(target, init)
    if (response.ok) return response
    const { error } = await response.json().catch(() => ({}))
    throw new Refused(response.status, error?.code ?? `${response.status}`, error?.reason ?? response.statusText)
  }

  /** Whence to go on, if there is something to go on from. */
  const position = (): Record<string, string | number> =>
    client.epoch === undefined ? {} : { epoch: client.epoch, since: client.revision! }

  const receive = (message: ServerMessage): void => {
    client.receive(message)
    if (message.type === 'error') connection.abort()
    if (message.type === 'content' || message.type === 'open') onStatus?.('open')
    // What is under way may be what breaks connections.
    if (message.type !== 'error' && !client.flight) attempts = 0
  }

  /** Gives the answer to an operation, or undefined if the connection is to begin anew. */
  const post = async (message: ClientMessage & { type: 'op' }): Promise<any> => {
    const { id, revision, op } = message
    const { epoch, session } = client
    try {
      const response = await request({
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ epoch, session, id, revision, op }),
        signal: AbortSignal.any([connection.signal, AbortSignal.timeout(PATIENCE)])
      })
      return await response.json()
    } catch (error) {
      if (session !== client.session || id !== client.id || !client.flight) return undefined
      if (error instanceof Refused && error.status === 410) client.forget()
      else if (error instanceof Refused && error.status < 500) {
        client.receive({ type: 'error', id, code: error.code, reason: error.reason })
      }
      connection.abort()
      return undefined
    }
  }

  const stream = async (): Promise<void> => {
    const current = connection
    /** Where a proxy holds the stream back, polls get through. */
    const giveUp = (): void => {
      isPolling = true
      current.abort()
    }
    let patience = setTimeout(giveUp, PATIENCE)
    current.signal.addEventListener('abort', () => clearTimeout(patience))
    client.connect(message => {
      if (message.type !== 'op') return
      post(message).then(answer => {
        if (!answer || client.id !== message.id || !client.flight) return
        clearTimeout(patience)
        patience = setTimeout(giveUp, PATIENCE)
      })
    })
    const response = await request({ headers: { accept: 'text/event-stream' }, signal: current.signal }, position())
    if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) return giveUp()
    const decoder = new TextDecoder()
    const reader = response.body.getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text = (text + decoder.decode(value, { stream: true })).replaceAll('\r\n', '\n')
      const events = text.split('\n\n')
      text = events.pop()!
      for (const event of events) {
        const data = event.split('\n').filter(line => line.startsWith('data:')).map(line => line.slice(5)).join('\n')
        if (!data) continue
        const message = JSON.parse(data)
        if (message.type !== 'op') clearTimeout(patience)
        receive(message)
      }
    }
  }

  const poll = async (): Promise<void> => {
    const { signal } = connection
    let idle = new AbortController()
    client.connect(() => idle.abort())
    if (client.epoch === undefined) {
      const response = await request({ signal })
      receive({ type: 'content', ...await response.json() })
    } else {
      // Whether the server has what is under way is told by the answer when it is posted once more.
      receive({ type: 'open', epoch: client.epoch, revision: client.revision!, id: client.id - 1 })
    }
    while (!signal.aborted) {
      const { id, revision, flight } = client
      if (flight) {
        const answer = await post({ type: 'op', id, revision: revision!, op: flight })
        if (answer) receive({ type: 'ack', id, ...answer })
      } else {
        idle = new AbortController()
        const until = AbortSignal.any([signal, idle.signal, AbortSignal.timeout(WAIT * 1000 + PATIENCE)])
        const response = await request({ signal: until }, { ...position(), wait: WAIT })
          .then(response => response.json())
          .catch(error => { if (!idle.signal.aborted) throw error })
        // Past an operation of one's own, others' could not be told from it.
        if (response && !client.flight) receive({ type: 'op', ...response })
      }
    }
  }

  const run = async (): Promise<void> => {
    while (!isClosed) {
      connection = new AbortController()
      try {
        await (isPolling ? poll() : stream())
      } catch (error) {
        if (isClosed) return
        if (error instanceof Refused) {
          const { status, code, reason } = error
          if (status === 410) client.forget()
          else if (status < 500) client.receive({ type: 'error', code, reason })
          if (error.isFinal) {
            close()
            return onStatus?.('final', status, reason)
          }
        }
      }
      connection.abort()
      client.disconnect()
      if (isClosed) return
      onStatus?.('closed')
      await new Promise(resolve => setTimeout(resolve, Math.min(2500, 100 * 2 ** attempts++) * (1 - Math.random() / 2)))
    }
  }

  const close = (): void => {
    isClosed = true
    connection.abort()
    client.disconnect()
  }

  run()
  return close
}
