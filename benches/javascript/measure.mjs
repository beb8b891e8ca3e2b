// Peers in turn: a row is done by one after the other, again and again, so that a machine that changes its speed changes it
// for all.

/** A turn takes at least so long: short work is done several times. */
const TURN_MS = 30
const MOST_CALLS = 20_000
const TURNS_AT_LEAST = 3
const TURNS_AT_MOST = 15
/** So much processor time a peer has in a row, if it isn't slower than that. */
const BUDGET_MS = 1_000
/** A peer whose one turn takes longer has no other. */
const ONE_TURN_MS = 4_000

/** What a request costs that does nothing: taken off from all figures. */
async function floor (host) {
  const costs = []
  for (let turn = 0; turn < 50; turn++) costs.push(await host.run(0))
  return costs.sort((a, b) => a - b)[25]
}

/** Starts all and finds out what they cost without work. */
export async function started (hosts) {
  for (const host of hosts) {
    await host.start()
    host.floorMs = await floor(host)
  }
  return hosts
}

/** The row done by all hosts: for each `least`, `median` and `most` milliseconds, or why there are none. */
export async function measured (row, hosts, { isQuick = false, limitMs = 30_000 } = {}) {
  const input = row.input()
  const expected = row.expected()
  const racers = []
  for (const host of hosts) racers.push({ host, times: [], ...await trial(host, row.way, input, expected, isQuick, limitMs) })
  for (let turn = 0; turn < TURNS_AT_MOST; turn++) {
    for (const racer of racers.filter(({ turns }) => turn < turns)) racer.times.push(await time(racer.host, racer.calls))
  }
  return racers.map(({ times, only }) => {
    if (only) return only
    times.sort((a, b) => a - b)
    return { least: times[0], median: times[times.length >> 1], most: times.at(-1) }
  })
}

const time = async (host, calls, limitMs) => Math.max(0, await host.run(calls, limitMs) - host.floorMs) / calls

/** Once, to warm up and to see whether a host can do it, how long it takes and what comes of it. */
async function trial (host, way, input, expected, isQuick, limitMs) {
  const without = why => ({ turns: 0, only: { why } })
  if (!await host.row(way, input)) return without('')
  let first
  try {
    first = await time(host, 1, limitMs)
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error
    await host.end()
    await host.start()
    return without(`stopped after ${limitMs / 1_000} s`)
  }
  if (await host.outcome() !== expected) throw new Error(`${host.name}: another outcome`)
  if (first > ONE_TURN_MS) return { turns: 0, only: { least: first, median: first, most: first } }
  if (isQuick) return { turns: 1, calls: 1 }
  // Once more, after the compiler had a look at it.
  const second = await time(host, 1)
  const calls = Math.min(MOST_CALLS, Math.max(1, Math.ceil(TURN_MS / Math.max(second, 0.001))))
  const turns = Math.floor(BUDGET_MS / Math.max(TURN_MS, second))
  return { calls, turns: Math.min(TURNS_AT_MOST, Math.max(TURNS_AT_LEAST, turns)) }
}

/** Three digits that count. */
export function digits (number) {
  if (number >= 99.5) return Math.round(number).toLocaleString('en')
  return number.toFixed(number >= 9.95 ? 1 : number >= 0.0995 ? 2 : number >= 0.00995 ? 3 : 4)
}

/** A cell of a table. */
export function cell ({ why, least, median, most }) {
  if (least === undefined) return why
  return least === most ? digits(least) : `${digits(least)} (${digits(median)}, ${digits(most)})`
}
