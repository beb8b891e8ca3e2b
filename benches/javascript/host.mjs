// One peer at work, asked by HTTP: the same in Node and in workerd. Clocks stand still in workerd while a request is
// answered, so time is taken outside, of the whole process: this only does what it is told, so often as it is told.
import { ways } from './ways.mjs'

/** What was packed by `packed`. */
const unpacked = text => JSON.parse(text, (_, value) => value?.base64 === undefined ? value : Uint8Array.from(atob(value.base64), character => character.charCodeAt(0)))

export class Host {
  #Replica
  #way
  #input
  #begun
  #outcome

  constructor (Replica) { this.#Replica = Replica }

  /** Takes in what a row is about; whether the peer can do it. */
  row (text) {
    const { way, input } = unpacked(text)
    this.#letGo()
    this.#begun?.free?.()
    this.#way = ways[way]
    this.#input = input
    if (!this.#way.has(this.#Replica)) return 'unsupported'
    this.#begun = this.#way.begin?.(this.#Replica, input)
    return 'ready'
  }

  /** Does it so often; the last outcome stays. */
  run (calls) {
    for (let call = 0; call < calls; call++) {
      this.#letGo()
      this.#outcome = this.#way.run(this.#Replica, this.#input, this.#begun)
    }
    return 'done'
  }

  /** What came of it. */
  outcome () { return this.#way.outcome(this.#Replica, this.#outcome, this.#input) }

  #letGo () {
    this.#outcome?.free?.()
    this.#outcome = undefined
  }

  /** Answers one request. */
  async fetch (request) {
    const { pathname, searchParams } = new URL(request.url)
    try {
      switch (pathname) {
        case '/row': return new Response(this.row(await request.text()))
        case '/run': return new Response(this.run(Number(searchParams.get('calls'))))
        case '/outcome': return new Response(this.outcome())
        default: return new Response('no such path', { status: 404 })
      }
    } catch (error) {
      return new Response(error.stack ?? String(error), { status: 500 })
    }
  }
}
