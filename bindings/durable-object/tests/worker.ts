// The Worker with what tests need besides: eviction, figures, rights by address, and a message that breaks the engine.
import unsafe from 'workerd:unsafe'
import { DocumentObject as Product, type Env } from '../src/worker'
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

export class DocumentObject extends Product {
  readonly #incarnation = crypto.randomUUID()

  override fetch (request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/test/contract') return this.#checkContract()
    return pathname.startsWith('/test/') ? this.#state() : super.fetch(request)
  }

  async #state (): Promise<Response> {
    return Response.json({
      incarnation: this.#incarnation,
      sockets: this.ctx.getWebSockets().length,
      billed: this.rows.billed,
      alarm: await this.ctx.storage.getAlarm()
    })
  }

  protected override mayWrite (request: Request): boolean {
    return !new URL(request.url).searchParams.has('read-only')
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

/** Time goes on faster where a test asks for it. */
const systemNow = Date.now
let skippedMs = 0
Date.now = () => systemNow() + skippedMs

export default {
  async fetch (request: Request, env: Env & { MOST_BYTES?: number }): Promise<Response> {
    if (env.MOST_BYTES) Object.assign(engines, { mostBytes: env.MOST_BYTES })
    const { pathname } = new URL(request.url)
    const [, test, call, ...rest] = pathname.split('/')
    if (test !== 'test') return worker.fetch(request as any, env)
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
      case 'contract':
        return document('contract')
      case 'document':
        return document(rest.join('/'))
      default:
        return new Response('no such test\n', { status: 404 })
    }
  }
}
