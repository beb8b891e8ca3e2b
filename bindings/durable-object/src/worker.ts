// The Worker: which path is what. A WebSocket upgrade is a document whatever its path.
import { OT_PATH } from './asked'
import { serveDemo } from './demo'
import { DOCUMENTS_PATH, DocumentObject, METRICS_PATH, type DocumentEnv } from './document'
import { engines } from './engines'
import { MALFORMED, type Refusal } from './refusal'

export { DocumentObject, type DocumentEnv }
export type { Admission, Connection, Json } from './connection'
export type { Accepted, Administration, Flushed } from './document'

/** What the Worker finds in its environment. */
export interface Env extends DocumentEnv {
  DOCUMENTS: DurableObjectNamespace<DocumentObject>
  /** The demo page's files; without them there is no demo. */
  ASSETS?: Fetcher
  /** Where objects are made, as Cloudflare calls its regions: `weur`, `enam`, `apac`, ... By default near who comes first. */
  LOCATION_HINT?: DurableObjectLocationHint
}

/** Longest name of a document, in bytes as it is in the path. */
const NAME_BYTES = 1_024

export default {
  async fetch (request, env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (request.headers.get('Upgrade')?.toLowerCase() === 'websocket') {
      return connect(request, env, pathname.slice(1))
    }
    const api = [OT_PATH, DOCUMENTS_PATH, METRICS_PATH].find(path => pathname.startsWith(path))
    if (api) return ask(request, env, pathname.slice(api.length))
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response('only GET\n', { status: 405, headers: { Allow: 'GET, HEAD' } })
    }
    if (pathname === '/healthz') return health()
    if (pathname === '/api' || pathname.startsWith('/api/')) return Response.json({ error: 'not found' }, { status: 404 })
    return await serveDemo(pathname, env.ASSETS) ??
      new Response('there is nothing here; the demo is at /, documents are WebSockets\n', { status: 404 })
  }
} satisfies ExportedHandler<Env>

/** Passes a WebSocket on to the document of this name: all of the path after its first slash, as it came. */
function connect (request: Request, env: Env, name: string): Response | Promise<Response> {
  const wrong = wrongName(name)
  if (wrong) return new Response(`${wrong.reason}\n`, { status: wrong.status })
  return documentOf(env, name).fetch(request)
}

/** Passes a request over HTTP on to the document of this name. */
function ask (request: Request, env: Env, name: string): Response | Promise<Response> {
  return wrongName(name)?.toResponse() ?? documentOf(env, name).fetch(request)
}

function documentOf ({ DOCUMENTS, LOCATION_HINT }: Env, name: string): DurableObjectStub<DocumentObject> {
  return DOCUMENTS.get(DOCUMENTS.idFromName(name), LOCATION_HINT ? { locationHint: LOCATION_HINT } : {})
}

function wrongName (name: string): Refusal | undefined {
  if (name === '') return MALFORMED('the path has to name a document')
  return name.length > NAME_BYTES ? MALFORMED("the document's name is too long", 414) : undefined
}

/** Whether the engine runs here. Documents are stored each by itself: there is no store that could fail for all. */
function health (): Response {
  try {
    const seat = engines.take('healthz', { waits: () => false }, Date.now())
    seat.room = new seat.engine.Room(0n, {})
    return new Response('ok\n')
  } catch (error) {
    return new Response(`the engine does not run: ${error}\n`, { status: 503 })
  }
}
