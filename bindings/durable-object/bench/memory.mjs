// Resident memory of a workerd in which 10,000 documents are woken: each once, each again, and many at the same time; beside
// an object without an engine. `npm run bench:memory` writes benches/results/do-memory.md; `-- --quick` is a smoke of seconds.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { LightClient } from './client.mjs'
import { scattered } from './documents.mjs'
import { Process, sleep } from './process.mjs'

const here = import.meta.dirname
const RESULTS = join(here, '../../../benches/results/do-memory.md')
const isQuick = process.argv.includes('--quick')
const DOCUMENTS = isQuick ? 150 : 10_000
const OPEN = isQuick ? 150 : 1_000
const ROUNDS = isQuick ? 2 : 10
const SAMPLES = isQuick ? 2 : 10
/** So many documents are open at a time; all objects are evicted after so many, as if 12 s had passed. */
const AT_A_TIME = 10
const EVICTED_EACH = 50
const SILENCE_MS = 12_000
/** Each so-manieth document is a large one. */
const LARGE_EACH = isQuick ? 50 : 100
/** What instances may hold (`engines.ts`), and one more that grows while it is used. */
const MOST_MB = 64
const SLACK_MB = 16

const small = scattered(2_000, 8)
const large = scattered(isQuick ? 20_000 : 100_000, 1)

/** What is seen of a process. */
async function seen (host) {
  const { count = 0, bytes = 0 } = host.isOurs ? await host.ask('instances') : {}
  return { resident: host.megabytes, count, held: bytes / 2 ** 20 }
}

/** Does something with each of these documents, some at a time; gives what is seen at intervals. */
async function withEach (host, numbers, work) {
  const samples = []
  for (let at = 0; at < numbers.length; at += AT_A_TIME) {
    await Promise.all(numbers.slice(at, at + AT_A_TIME).map(work))
    const done = at + AT_A_TIME
    if (done % EVICTED_EACH === 0) await host.evict(SILENCE_MS)
    if (done % (numbers.length / SAMPLES) < AT_A_TIME) samples.push(await seen(host))
  }
  return samples
}

async function measure (entry, isOurs) {
  const host = await Process.start(join(here, entry))
  host.isOurs = isOurs
  const all = Array.from({ length: DOCUMENTS }, (_, number) => number)
  const edit = async (number, update) => {
    const client = await LightClient.open(host.port, `d${number}`, { joins: isOurs })
    client.send(update)
    // Its own beat comes back after the edit was taken.
    client.beat()
    const shown = client.shown
    await client.until(() => client.shown > shown)
    client.end()
  }
  const first = await seen(host)
  const once = await withEach(host, all, number => edit(number, number % LARGE_EACH === 0 ? large : small))
  // In another order: 7,919 is a prime.
  const again = await withEach(host, all.map(number => number * 7_919 % DOCUMENTS), async number => {
    const client = await LightClient.open(host.port, `d${number}`, { joins: isOurs })
    client.beat()
    const shown = client.shown
    await client.until(() => client.shown > shown)
    client.end()
  })
  // Nobody sleeps long enough to be known to sleep: the clock stands.
  const open = []
  for (let number = 0; number < OPEN; number++) open.push(await LightClient.open(host.port, `d${number}`, { joins: isOurs }))
  const together = [await seen(host)]
  for (let round = 0; round < ROUNDS; round++) {
    for (const client of open) {
      const shown = client.shown
      client.beat()
      await client.until(() => client.shown > shown)
    }
    together.push(await seen(host))
  }
  for (const client of open) client.end()
  await sleep(500)
  await host.evict(SILENCE_MS)
  await host.end()
  return { first: [first], once, again, together }
}

const ours = await measure('metered.ts', true)
const floor = await measure('asleep.ts', false)

const lines = []
const say = line => { lines.push(line); console.log(line) }
say('| | resident, MB | without an engine, MB | instances | they hold, MB |')
say('|---|--:|--:|--:|--:|')
const rows = {
  first: () => 'before',
  once: at => `${((at + 1) * DOCUMENTS / SAMPLES).toLocaleString('en')} documents, each woken once`,
  again: at => `${((at + 1) * DOCUMENTS / SAMPLES).toLocaleString('en')} of them woken again`,
  together: at => at === 0 ? `${OPEN.toLocaleString('en')} tabs opened` : `beat ${at} of all tabs, no object known to sleep`
}
for (const [phase, name] of Object.entries(rows)) {
  ours[phase].forEach((sample, at) => {
    say(`| ${name(at)} | ${sample.resident.toFixed(0)} | ${floor[phase][at].resident.toFixed(0)} | ${sample.count} | ${sample.held.toFixed(1)} |`)
  })
}
const most = Math.max(...Object.values(ours).flat().map(sample => sample.held))
if (most > MOST_MB + SLACK_MB) throw new Error(`instances held ${most.toFixed(1)} MB`)

const head = `# Memory of objects that were evicted

\`npm run bench:memory\` in \`bindings/durable-object\`, ${cpus().length} cores (${cpus()[0].model}). One workerd process, in which all objects
share an isolate. ${DOCUMENTS.toLocaleString('en')} documents are written, ${AT_A_TIME} at a time, each by a client that then leaves: most ${(small.length / 1000).toFixed(0)} KB, each ${LARGE_EACH}th ${(large.length / 1e6).toFixed(1)} MB. After each ${EVICTED_EACH}
all objects are evicted by force, as if ${SILENCE_MS / 1000} s had passed. Then all are opened again in another order. At last ${OPEN.toLocaleString('en')} tabs are open and beat in
turn, without time passing: no object is known to sleep, and each needs an instance. The second column is an object
that stores the edit as a row and has no engine (\`bench/asleep.ts\`): what workerd itself takes for as many objects and sockets.
What is resident beside the instances is mostly V8's heap, which it collects late, and what the runtime's allocator keeps of
native objects that wait for that: both grow until V8 collects, with an engine or without.
`
if (!isQuick) writeFileSync(RESULTS, `${head}\n${lines.join('\n')}\n`)
process.exit()
