// What a message costs in workerd, of one author with receivers.
import { LightClient } from './client.mjs'
import { typing } from './documents.mjs'
import { sleep } from './process.mjs'

/** One author and those who receive what he types. */
export class Conversation {
  #sent = 0

  /** For so many messages, most. */
  static async begin (host, receivers, joins, most) {
    const begun = new Conversation()
    const room = `messages-${receivers}-${Math.random()}`
    begun.host = host
    begun.room = room
    begun.author = await LightClient.open(host.port, room, { joins })
    begun.others = []
    for (let n = 0; n < receivers; n++) begun.others.push(await LightClient.open(host.port, room, { joins }))
    begun.edits = typing(most)
    return begun
  }

  /** Processor time of each of so many messages, in milliseconds: sent at once, or with a pause after each; until all have them. */
  async say (count, paceMs) {
    const before = this.host.cpuMs
    for (const edit of this.edits.slice(this.#sent, this.#sent + count)) {
      this.author.send(edit)
      if (paceMs) await sleep(paceMs)
    }
    this.#sent += count
    const shown = this.author.beat()
    await Promise.all(this.others.map(other => other.until(() => other.sees(shown))))
    return (this.host.cpuMs - before) / count
  }

  async end () {
    for (const client of [this.author, ...this.others]) client.end()
    await sleep(100)
  }
}
