// The host under measurement and its rivals, each in a workerd of its own. They do the same in turn, so that a machine on which
// others are at work is as good or bad to one as to another.
import { quiet } from './operation.mjs'
import { sleep } from './process.mjs'

/** What a rival may take for one operation by the clock. This host has no such limit: it is to succeed. */
export const LIMIT_MS = 300_000
/** With more in memory a rival begins anew before it does something else. */
const MOST_MEGABYTES = 1_000

/** A host: its name, its process, and the request by which it is given a large document. */
export class Contender {
  constructor (name, process, isRival, give) {
    Object.assign(this, { name, process, isRival, give })
  }

  /** What it did, or `undefined` and the reason why it could not. */
  async attempt (work) {
    if (!this.isRival) return { done: await work() }
    try {
      return { done: await Promise.race([work(), late()]) }
    } catch (error) {
      const { exitCode, signalCode } = this.process.child
      const reason = exitCode === null && signalCode === null ? error.message : `workerd ended with ${signalCode ?? exitCode}`
      console.log(`${this.name}: ${reason}`)
      await this.process.restart()
      return { reason }
    }
  }

  async rest () {
    await quiet(this.process)
    if (this.isRival && this.process.megabytes > MOST_MEGABYTES) await this.process.restart()
  }
}

async function late () {
  await sleep(LIMIT_MS)
  throw new Error(`not done after ${LIMIT_MS / 1_000} s`)
}

/**
 * Lets all do the same: `prepare` gives for a process what it does in a turn, and what ends it. Gives for each what its
 * turns gave, and why it gave up, if it did.
 */
export async function inTurn (contenders, turns, prepare) {
  const all = []
  for (const contender of contenders) {
    const { done, reason } = await contender.attempt(() => prepare(contender.process))
    all.push({ contender, plan: done, reason: reason && `before it: ${reason}`, results: [], turns: contender.isRival ? turns.rivals : turns.ours })
  }
  for (let turn = 0; turn < turns.ours; turn++) {
    for (const one of all) {
      if (one.reason || turn >= one.turns) continue
      const { done, reason } = await one.contender.attempt(one.plan.turn)
      if (reason) one.reason = reason
      else one.results.push(done)
    }
  }
  for (const { contender, plan, reason } of all) {
    if (!reason) await contender.attempt(() => plan.end?.())
    await contender.rest()
  }
  return all
}
