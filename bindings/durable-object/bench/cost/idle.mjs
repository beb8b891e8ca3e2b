// Many tabs that are open and only beat: what it costs the processor when each beat wakes its object, beside an object that
// only sends back what it is sent.
import { join } from 'node:path'
import { LightClient } from '../client.mjs'
import { Process, sleep } from '../process.mjs'

/** So many beats are on their way at a time. */
const AT_A_TIME = 20
const SILENCE_MS = 12_000

const sorted = values => values.toSorted((a, b) => a - b)
const shown = values => `${sorted(values)[values.length >> 1].toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`

async function open (entry, tabs, joins) {
  const host = await Process.start(join(import.meta.dirname, '..', entry))
  const clients = []
  for (let tab = 0; tab < tabs; tab++) clients.push(await LightClient.open(host.port, `tab-${tab}`, { joins }))
  await sleep(300)
  return { host, clients }
}

/** Processor time in milliseconds of a beat of each that wakes its object, and of the next one. */
async function beat ({ host, clients }) {
  const spent = [0, 0]
  for (let at = 0; at < clients.length; at += AT_A_TIME) {
    const some = clients.slice(at, at + AT_A_TIME)
    for (const nth of [0, 1]) {
      const before = host.cpuMs
      const heard = some.map(client => client.shown)
      for (const client of some) client.beat()
      await Promise.all(some.map((client, tab) => client.until(() => client.shown > heard[tab])))
      spent[nth] += host.cpuMs - before
    }
  }
  return spent.map(ms => ms / clients.length)
}

/** A table of so many rounds. */
export async function beats (tabs, rounds) {
  const kinds = [await open('metered.ts', tabs, true), await open('asleep.ts', tabs, false)]
  const cold = [[], []]
  const warm = [[], []]
  const beyond = []
  for (let round = 0; round <= rounds; round++) {
    for (const [at, kind] of kinds.entries()) {
      await kind.host.evict(SILENCE_MS)
      const [woke, again] = await beat(kind)
      // The first time code is compiled.
      if (round === 0) continue
      cold[at].push(woke)
      warm[at].push(again)
    }
    if (round > 0) beyond.push(cold[0].at(-1) - cold[1].at(-1))
  }
  for (const { host, clients } of kinds) {
    for (const client of clients) client.end()
    await host.end()
  }
  return [
    `| a beat, processor time of workerd in ms, median (spread) of ${rounds} rounds of ${tabs.toLocaleString('en')} tabs | this host | without an engine | beyond it |`,
    '|---|--:|--:|--:|',
    `| that wakes its object | ${shown(cold[0])} | ${shown(cold[1])} | ${shown(beyond)} |`,
    `| right after another one | ${shown(warm[0])} | ${shown(warm[1])} | |`
  ]
}
