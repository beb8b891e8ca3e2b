// A process in which a peer works: asked by HTTP, its processor time read from what the kernel counts (Linux).
import { cpuMs } from '../../../bindings/durable-object/bench/cpu.mjs'

const packed = (_, value) => value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value

export class HostProcess {
  /** `launch` starts the process and gives it, with its port once it listens. */
  constructor (name, launch) {
    this.name = name
    this.launch = launch
  }

  async start () {
    const { child, listening } = this.launch()
    this.child = child
    this.ended = new Promise(resolve => child.once('exit', resolve))
    this.port = await listening
    return this
  }

  /** Ends the process, whatever it does. */
  async end () {
    this.child.kill('SIGKILL')
    await this.ended
  }

  /** Asks it; what takes longer than `limitMs` is an error of the name `TimeoutError`. */
  async ask (path, body, limitMs = 600_000) {
    // A connection that is kept would be closed by the other end while the others have their turns.
    const headers = { Connection: 'close' }
    const signal = AbortSignal.timeout(limitMs)
    const response = await fetch(`http://127.0.0.1:${this.port}/${path}`, { method: 'POST', body, headers, signal })
    const answer = await response.text()
    if (!response.ok) throw new Error(`${this.name}, ${path}: ${answer}`)
    return answer
  }

  /** Gives it a row; whether its peer can do it. */
  async row (way, input) {
    return await this.ask('row', JSON.stringify({ way, input }, packed)) === 'ready'
  }

  /** Has it done so often; processor time of all threads in milliseconds. */
  async run (calls, limitMs) {
    const before = cpuMs(this.child.pid)
    await this.ask(`run?calls=${calls}`, '', limitMs)
    return cpuMs(this.child.pid) - before
  }

  outcome () { return this.ask('outcome') }
}

/** The first match that a stream says. */
export function said (child, stream, pattern) {
  let told = ''
  return new Promise((resolve, reject) => {
    stream.setEncoding('utf8').on('data', text => {
      told += text
      const match = pattern.exec(told)
      if (match) resolve(match[1])
    })
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`the process ended with ${code}: ${told}`)))
  })
}
