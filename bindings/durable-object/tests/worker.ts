// The Worker with what tests need besides: eviction, figures, rights by address, and a message that breaks the engine.
import unsafe from 'workerd:unsafe'
import { DocumentObject as Product, type Accepted, type Admission, type Env, type Flushed } from '../src/worker'
import worker from '../src/worker'
import { LIMITS, Rows } from '../src/rows'
import { engines } from '../src/engines'
import { create, type StoreUnderTest } from './contract/contract'
import contract from './contract/contract_bg.wasm'

/** What makes the instance that reads it trap: its whole memory is overwritten. */
const POISON = 'poison!'
/** The same, and so does the instance that takes the sockets back. */
const MORE_POISON = 'poison for two!'

let poisonsNext = false

/** Instances that look for these messages. */
class Instance extends WebAssembly.Instance {
  constructor (module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports)
    const exports = this.exports as Record<string, any>
    if (!exports.room_receive) return
    const memory = () => new Uint8Array(exports.memory.buffer)
    const receive = (...args: number[]) => {
      const [, , pointer, length] = args
      const message = length! < 20 ? new TextDecoder().decode(memory().subarray(pointer, pointer! + length!)) : ''
      if (message === POISON || message === MORE_POISON) memory().fill(0xff)
      poisonsNext ||= message === MORE_POISON
      return exports.room_receive(...args)
    }
    const resume = (...args: number[]) => {
      if (poisonsNext) memory().fill(0xff)
      poisonsNext = false
      return exports.room_resume(...args)
    }
    return { exports: { ...exports, room_receive: receive, room_resume: resume } } as unknown as Instance
  }
}
WebAssembly.Instance = Instance

/** What hooks were told, by document: it outlives the object's memory. */
const told = new Map<string, unknown[]>()

export class DocumentObject extends Product {
  readonly #incarnation = crypto.randomUUID()

  override async fetch (request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/test/contract') return this.#checkContract()
    if (!pathname.startsWith('/test/')) return super.fetch(request)
    if (searchParams.has('fail-writes')) this.#failWrites(Number(searchParams.get('fail-writes')))
    if (searchParams.has('fail-reads')) this.#failReads(Number(searchParams.get('fail-reads')))
    return this.#state(searchParams.has('largest'))
  }

  get #told (): unknown[] {
    const name = this.ctx.id.name!
    if (!told.has(name)) told.set(name, [])
    return told.get(name)!
  }

  async #state (measures: boolean): Promise<Response> {
    const [largest] = measures && this.rows.hasDocument
      ? [...this.ctx.storage.sql.exec<{ largest: number }>('SELECT max(length(bytes)) AS largest FROM document')]
      : []
    return Response.json({
      incarnation: this.#incarnation,
      sockets: this.ctx.getWebSockets().length,
      billed: this.rows.billed,
      alarm: await this.ctx.storage.getAlarm(),
      largestRow: largest?.largest ?? 0,
      told: this.#told
    })
  }

  /** The next writes fail, in turn without and with effect. */
  #failWrites (count: number): void {
    const write = Rows.prototype.write
    let left = count
    this.rows.write = batch => {
      if (left <= 0 || left % 2 === 1) write.call(this.rows, batch)
      if (left-- > 0) throw new Error('writes fail as ordered')
    }
  }

  #failReads (count: number): void {
    let left = count
    this.rows.read = (first, last) => {
      if (left-- > 0) throw new Error('reads fail as ordered')
      return Rows.prototype.read.call(this.rows, first, last)
    }
  }

  protected override async onConnect (request: Request): Promise<Admission | Response> {
    const { searchParams } = new URL(request.url)
    await Promise.resolve()
    if (searchParams.get('hook') === 'refuse') return new Response('who are you?', { status: 401 })
    if (searchParams.get('hook') === 'throw') throw new Error('onConnect throws')
    if (searchParams.get('hook') === 'nonsense') return {} as Admission
    const user = searchParams.get('user')
    return { rights: searchParams.has('read-only') ? 'read' : 'write', ...(user ? { user: { name: user } } : {}) }
  }

  protected override mayAdminister (request: Request, what: string): boolean {
    const authorization = request.headers.get('Authorization')
    if (authorization === 'throw') throw new Error('mayAdminister throws')
    return authorization === 'Bearer secret' || authorization === `Bearer ${what}`
  }

  protected override onUpdate ({ update, connection }: Accepted): Promise<void> | undefined {
    this.#told.push({ update: [...update], user: connection?.user ?? null, number: connection?.number ?? null })
    if (this.ctx.id.name === 'throwing-hooks') throw new Error('onUpdate throws')
    return this.ctx.id.name === 'rejecting-hooks' ? Promise.reject(new Error('onUpdate is rejected')) : undefined
  }

  protected override onFlush ({ sequence }: Flushed): void {
    this.#told.push({ sequence })
    if (this.ctx.id.name === 'throwing-hooks') throw new Error('onFlush throws')
  }

  #checkContract (): Response {
    const storage = this.ctx.storage
    let rows = new Rows(storage)
    const store: StoreUnderTest = {
      ...LIMITS,
      read: (first, last) => rows.read(first, last),
      write: batch => rows.write(batch),
      reopen: () => { rows = new Rows(storage) }
    }
    create(contract).Contract.check(store)
    return Response.json(rows.billed)
  }
}

/** Where objects were asked to be made. */
const hints: unknown[] = []

/** Time goes on faster where a test asks for it. */
const systemNow = Date.now
let skippedMs = 0
Date.now = () => systemNow() + skippedMs

/** The namespace, with a note of what is asked of it. */
function noting (documents: Env['DOCUMENTS']): Env['DOCUMENTS'] {
  return {
    idFromName: (name: string) => documents.idFromName(name),
    get: (id: DurableObjectId, options: DurableObjectNamespaceGetDurableObjectOptions) => {
      hints.push(options)
      return documents.get(id, options)
    }
  } as unknown as Env['DOCUMENTS']
}

export default {
  async fetch (request: Request, env: Env & { MOST_BYTES?: number }): Promise<Response> {
    if (env.MOST_BYTES) Object.assign(engines, { mostBytes: env.MOST_BYTES })
    const { pathname } = new URL(request.url)
    const [, test, call, ...rest] = pathname.split('/')
    if (test !== 'test') return worker.fetch(request as any, { ...env, DOCUMENTS: noting(env.DOCUMENTS) })
    const document = (name: string) => env.DOCUMENTS.get(env.DOCUMENTS.idFromName(name)).fetch(request)
    switch (call) {
      case 'evict':
        await unsafe.evictAllDurableObjects({ webSockets: 'hibernate' })
        return Response.json('evicted')
      case 'minute':
        skippedMs += 60_000
        return Response.json(Date.now())
      case 'instances':
        return Response.json({ count: engines.count, bytes: engines.bytes })
      case 'hints':
        return Response.json(hints)
      case 'contract':
        return document('contract')
      case 'document':
        return document(rest.join('/'))
      default:
        return new Response('no such test\n', { status: 404 })
    }
  }
}
