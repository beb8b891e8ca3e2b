// What a month on Cloudflare costs, in dollars: scripted use through the real host in workerd, counted, and multiplied.
// `npm run cost` writes benches/results/cost.md; `-- --part=4` replays every fourth day of the months only, `-- --quick` is a
// smoke of seconds.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { RealClock, ScriptClock } from './clock.mjs'
import { beats } from './idle.mjs'
import { Meter } from './meter.mjs'
import { BASE, bill, MESSAGES_A_REQUEST, OBJECT_GB, PRICES, SOURCE } from './prices.mjs'
import { days, session } from './use.mjs'
import { generator, Typist } from './typist.mjs'

const RESULTS = join(import.meta.dirname, '../../../../benches/results/cost.md')
const has = name => process.argv.includes(`--${name}`)
const isQuick = has('quick')
const part = Number(process.argv.find(argument => argument.startsWith('--part='))?.slice(7) ?? 1)

const USERS = 10_000
const TABS = 1_000
/** With more, a round can take so long that objects hibernate in it by themselves. */
const WOKEN_TABS = 300
const MONTH_HOURS = 720
/** Processor time of the Worker for each request that it passes on: assumed, and far from what is included. */
const WORKER_MS = 2
const SEED = 11
const CHECKED_MINUTES = 5

const LIGHT = { name: 'light', days: 8, sessions: 2, minutes: 20 }
const HEAVY = { name: 'heavy', days: 20, sessions: 3, minutes: 40 }
const STOCK = { name: 'stock, cursor with each edit', showsEach: true }
const SPARING = { name: 'stock, cursor as y-codemirror.next sends it' }
const gathering = gatherMs => ({ name: `edits gathered for ${gatherMs} ms, sparing cursor`, gatherMs })

/** The months that are replayed. */
const MONTHS = [
  { use: LIGHT, pace: 'ordinary', client: STOCK },
  { use: HEAVY, pace: 'ordinary', client: STOCK },
  { use: LIGHT, pace: 'without rest', client: STOCK },
  { use: HEAVY, pace: 'without rest', client: STOCK },
  { use: HEAVY, pace: 'without rest', client: SPARING },
  { use: HEAVY, pace: 'without rest', client: gathering(50) },
  { use: HEAVY, pace: 'without rest', client: gathering(100) },
  { use: HEAVY, pace: 'without rest', client: gathering(100), windowMs: 30_000 },
  { use: HEAVY, pace: 'without rest', client: gathering(250), windowMs: 30_000 }
]

/** What `times` as much as this is, as the price table has it. */
function used (counts, times) {
  const events = counts.requests + counts.messages + counts.closes + counts.alarms
  return {
    workerRequests: counts.requests * times,
    workerCpuMs: counts.requests * times * WORKER_MS,
    objectRequests: (counts.requests + counts.alarms + (counts.messages + counts.closes) / MESSAGES_A_REQUEST) * times,
    objectGbSeconds: counts.cpuMs / 1000 * OBJECT_GB * times,
    rowsRead: counts.rowsRead * times,
    rowsWritten: counts.rowsWritten * times,
    storedGb: counts.storedBytes / 1e9 * times,
    events: events * times
  }
}

const number = value => Math.round(value).toLocaleString('en')
const dollars = value => value.toFixed(2)
const lines = []
const say = (line = '') => { lines.push(line); console.log(line) }

/** The sessions that are held against real time: both paces at once, each a document of its own. */
async function sessions (clock, meter, Editor, paces) {
  return Promise.all(paces.map(async pace => {
    const room = `checked-${pace.replaceAll(' ', '-')}`
    const typist = new Typist(generator(SEED), pace)
    const { edits } = await session({ Editor, meter, clock, room, client: STOCK, typist, minutes: CHECKED_MINUTES, number: 1 })
    return { edits, ...await meter.billed(room) }
  }))
}

/** Held in real time, by a process of its own: a library keeps the clock that it was loaded with. */
function inRealTime () {
  const child = spawn(process.execPath, [import.meta.filename, '--real-time'], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let told = ''
    child.stdout.setEncoding('utf8').on('data', text => { told += text })
    child.once('exit', code => code === 0 ? resolve(JSON.parse(told)) : reject(new Error(`real time: ${code}`)))
  })
}

const PACES = ['ordinary', 'without rest', 'idle']

if (has('real-time')) {
  const meter = await Meter.start()
  const { Editor } = await import('./clients.mjs')
  const counted = await sessions(new RealClock(), meter, Editor, PACES)
  console.log(JSON.stringify({ counted, timers: await meter.ask('timers') }))
  await meter.end()
  process.exit()
}

const real = isQuick ? undefined : inRealTime()
const clock = new ScriptClock()
const putBack = clock.install()
const { Editor } = await import('./clients.mjs')
const replay = async (what, use, roomOptions) => {
  const meter = await Meter.start(roomOptions)
  meter.follow(clock)
  const counted = await days({ Editor, meter, clock, room: 'document', seed: SEED, ...what, use })
  assert.deepEqual(await meter.ask('timers'), { set: 0, pendingMs: 0 }, 'no timer keeps the object awake')
  assert.equal(counted.alarms, 0)
  await meter.end()
  return counted
}

const months = []
for (const month of isQuick ? MONTHS.slice(2, 7) : MONTHS) {
  const { use, windowMs } = month
  const replayed = isQuick ? { days: 1, sessions: 2, minutes: 1 } : { ...use, days: Math.ceil(use.days / part) }
  const counted = await replay(month, replayed, windowMs ? { windowMs } : {})
  const bills = used(counted, USERS * use.days / replayed.days)
  months.push({ ...month, counted, share: replayed.days / use.days, bills })
  console.log(`${use.name}, ${month.pace}, ${month.client.name}: $${bill(bills).total.toFixed(2)}`)
}
const idle = await replay({ client: STOCK, pace: 'idle' }, { days: 1, sessions: 1, minutes: isQuick ? 2 : 60 }, {})

say(`| ${USERS.toLocaleString('en')} users | client | window, s | requests | time | rows written | stored | **dollars a month** |`)
say('|---|---|--:|--:|--:|--:|--:|--:|')
for (const { use, pace, client, windowMs = 20_000, bills } of months) {
  const { dollars: of, total } = bill(bills)
  say(`| ${use.name}, ${pace} | ${client.name} | ${windowMs / 1000} | ${dollars(of.objectRequests + of.workerRequests)} | ${dollars(of.objectGbSeconds + of.workerCpuMs)} | ${dollars(of.rowsWritten + of.rowsRead)} | ${dollars(of.storedGb)} | **${dollars(total)}** |`)
}
say()
say('| one user, one month | client | window, s | sessions | edits an hour | messages in an hour | rows written | rows read | woken | stored, KB | workerd, ms an event | its time is free up to, ms an event |')
say('|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|')
for (const { use, pace, client, windowMs = 20_000, counted, share, bills } of months) {
  const events = bills.events / USERS
  const free = PRICES.objectGbSeconds.included / OBJECT_GB * 1000 / bills.events
  say(`| ${use.name}, ${pace} | ${client.name} | ${windowMs / 1000} | ${number(counted.sessions / share)} | ${number(counted.edits / counted.hours)} | ${number(counted.messages / counted.hours)} | ${number(counted.rowsWritten / share)} | ${number(counted.rowsRead / share)} | ${number(counted.wakes / share)} | ${(counted.storedBytes / share / 1000).toFixed(0)} | ${(counted.cpuMs / share / events).toFixed(2)} | ${free.toFixed(2)} |`)
}

const hourly = { ...idle, requests: 0, closes: 0, storedBytes: 0 }
const tabs = used(hourly, TABS * MONTH_HOURS / idle.hours)
const tabsBill = bill({ ...tabs, storedGb: idle.storedBytes / 1e9 * TABS })
say()
say(`**${TABS.toLocaleString('en')} idle tabs, open all month: ${dollars(tabsBill.total)} dollars** (${dollars(BASE)} base, ${dollars(tabsBill.dollars.objectRequests)} requests, ${dollars(tabsBill.dollars.objectGbSeconds)} time, ${dollars(tabsBill.dollars.rowsWritten)} rows written): ${number(idle.messages / idle.hours)} messages in and ${number(idle.wakes / idle.hours)} wakings an hour each, ${number(idle.rowsWritten)} rows written in the hour.`)

putBack()
say()
for (const line of await beats(isQuick ? 30 : WOKEN_TABS, isQuick ? 1 : 5)) say(line)

if (real) {
  const { counted, timers } = await real
  const undo = clock.install()
  const meter = await Meter.start()
  meter.follow(clock)
  const scripted = []
  for (const pace of PACES) scripted.push(...await sessions(clock, meter, Editor, [pace]))
  await meter.end()
  undo()
  say()
  say(`| ${CHECKED_MINUTES} minutes, stock client | edits | messages in | rows written | rows read | woken | stored, bytes |`)
  say('|---|--:|--:|--:|--:|--:|--:|')
  const row = (name, { edits, messages, rowsWritten, rowsRead, wakes, storedBytes }) => say(`| ${name} | ${[edits, messages, rowsWritten, rowsRead, wakes, storedBytes].map(number).join(' | ')} |`)
  PACES.forEach((pace, at) => {
    row(`${pace}, in real time`, counted[at])
    row(`${pace}, scripted`, scripted[at])
  })
  say()
  say(`In real time ${timers.set} timers were set in the objects, pending for ${number(timers.pendingMs)} ms in all.`)
}

const replayed = part === 1 ? 'The whole month of one user is replayed' : `One of ${part} days of a user's month is replayed, and counted ${part} times`
const head = `# What a month on Cloudflare costs

\`npm run cost\` in \`bindings/durable-object\`${part === 1 ? '' : ` with \`-- --part=${part}\``}, on ${cpus().length} cores (${cpus()[0].model}). Prices of the Workers Paid plan, read on ${SOURCE.read}
(${SOURCE.pages.map(page => `<${page}>`).join(', ')}), are in \`bench/cost/prices.mjs\`.

| | included | dollars beyond |
|---|--:|--:|
| base | | ${dollars(BASE)} a month |
${Object.values(PRICES).map(({ name, included, dollars: price, per }) => `| ${name} | ${number(included)} | ${price} for ${number(per)} |`).join('\n')}

${MESSAGES_A_REQUEST} WebSocket messages that come in are one request; an alarm that is set is a row written; an object has ${OBJECT_GB} GB.

**Use.** Light is ${LIGHT.days} days of ${LIGHT.sessions} sessions of ${LIGHT.minutes} minutes, heavy ${HEAVY.days} days of ${HEAVY.sessions} sessions of ${HEAVY.minutes}. Each user is alone in one document.
Typing (\`bench/cost/typist.mjs\`): a letter each 170 ms in the median inside words, pauses between; ordinary use rests between bursts
(840 edits an hour), and there is typing without rest (6,600). A session opens the document anew, as a page does: Yjs and
y-websocket 3.1.0, awareness with a name, a colour and the cursor, shown again each 15 s. No provider that gathers edits is in the project:
the one here is of the benchmark (\`bench/cost/clients.mjs\`), a y-websocket that merges the edits of some milliseconds into one update.

**How it is counted.** ${replayed}, with real sockets, through the real host in workerd (\`bench/metered.ts\` adds counters). Time is the script's: the clients' clock and timers, and what the host takes for
\`Date.now()\`. Where a client says nothing for 10 s, the object is evicted with its sockets open, as the platform does. Counts are then multiplied.
An object's time is billed while it has something to do or can't hibernate: no timer was pending in any of these months, so it is the time of
its handlers. For that all processor time of workerd is taken, with the script's own messages and evictions: more than the handlers need here,
but a machine's own, so the last column says how long an event could keep an object busy before its time costs anything.
`
if (!isQuick) writeFileSync(RESULTS, `${head}\n${lines.join('\n')}\n`)
process.exit()
