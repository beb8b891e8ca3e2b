// Time that passes when it is told to. Whoever is to live in it is imported after `install`: libraries keep `Date.now`.

const real = { now: Date.now, setTimeout: globalThis.setTimeout }

/** A pause in real time. */
export const sleep = ms => new Promise(resolve => real.setTimeout(resolve, ms))

/** Real time, as far as a script needs a clock. */
export class RealClock {
  get now () { return real.now() }
  async advance (ms) { await sleep(ms) }
}

/** Time in which hours are minutes: it goes from timer to timer. */
export class ScriptClock {
  /** Ahead of the real time: for a host that changes over to it, time must not go back. */
  #now = real.now() + 60_000
  #timers = new Map()
  #last = 0

  /** `before` is awaited whenever time is about to go on, and told to when. */
  constructor (before = async () => {}) { this.before = before }

  get now () { return this.#now }

  /** Puts itself in the place of the clock and the timers of this process; gives a function that takes it back out. */
  install () {
    const { Date: { now }, setTimeout, setInterval, clearTimeout, clearInterval } = globalThis
    Date.now = () => this.#now
    globalThis.setTimeout = (callback, ms = 0, ...args) => this.#add({ callback: () => callback(...args), at: this.#now + ms })
    globalThis.setInterval = (callback, ms, ...args) => this.#add({ callback: () => callback(...args), at: this.#now + ms, every: ms })
    globalThis.clearTimeout = globalThis.clearInterval = timer => { this.#timers.delete(timer?.number) }
    return () => {
      Date.now = now
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval })
    }
  }

  #add (timer) {
    timer.number = ++this.#last
    this.#timers.set(timer.number, timer)
    // What Node's timers can, and libraries use.
    timer.unref = timer.ref = () => timer
    return timer
  }

  /** Lets so much time pass, with all that becomes due in it. */
  async advance (ms) {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#timers.values()].reduce((first, timer) => timer.at <= end && !(first?.at <= timer.at) ? timer : first, undefined)
      await this.before(due?.at ?? end)
      this.#now = due?.at ?? end
      if (!due) return
      if (due.every) due.at += due.every
      else this.#timers.delete(due.number)
      due.callback()
    }
  }
}
