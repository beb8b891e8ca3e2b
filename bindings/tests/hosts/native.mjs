// The native server.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../clients.mjs'
import { target } from '../folders.mjs'
import { ServerProcess } from './process.mjs'

const binary = process.env.MERGANSER_BIN ?? join(target, 'release/merganser')

export const name = 'native'

export class Server extends ServerProcess {
  /** `prefix` is a command that it is started through. */
  constructor ({ prefix = [], options = [] } = {}) {
    if (!existsSync(binary)) throw new Error(`${binary} is not there: build it, or name another one in MERGANSER_BIN`)
    super()
    this.prefix = prefix
    this.options = options
  }

  launch () {
    const options = ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...this.options]
    const command = [...this.prefix, binary, ...options]
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
    const listening = new Promise((resolve, reject) => {
      let told = ''
      child.stderr.on('data', text => {
        told += text
        const address = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(told)
        if (address) resolve(Number(address[1]))
      })
      // What it has said last may still be on the way.
      child.once('close', code => reject(new Error(`the server ended with ${code}`)))
    })
    return { child, listening }
  }

  /** Who may administer documents sends this along, if the server is started with `--admin-token secret`. */
  administrator = { Authorization: 'Bearer secret' }

  async metric (name) {
    const text = await (await fetch(`${this.http}/metrics`)).text()
    const line = text.split('\n').find(line => line.startsWith(`${name} `))
    return line ? Number(line.slice(name.length + 1)) : 0
  }

  /** Waits until no document is in memory: nobody is connected any more. */
  forgotten () {
    return until('documents have left memory', async () => await this.metric('merganser_documents_open') === 0)
  }

  /** How many messages were refused. */
  refusals () {
    return this.metric('merganser_updates_total{outcome="refused"}')
  }

  /** Whether something went wrong that should not, according to its log. */
  get hasFailed () { return /panicked|has failed/.test(this.log) }
}
