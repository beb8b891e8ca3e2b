// Runs the scenarios against a host: all that are for it, or those whose file names are given. `--host=workerd` names the
// host (else `native`), `--long` runs each at its full length, `--seed=N` repeats a run.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from './clients.mjs'
import { Skipped } from './skipped.mjs'

const folder = join(import.meta.dirname, 'scenarios')
const isLong = process.argv.includes('--long')
const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const given = name => process.argv.find(argument => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
const seed = Number(given('seed') ?? (Math.random() * 2 ** 32) >>> 0)
const { Server, name: host } = await import(`./hosts/${given('host') ?? 'native'}.mjs`)
const SCENARIO_MINUTES = isLong ? 60 : 5

let passed = 0
let failed = 0
let skipped = 0
console.log(`host ${host}, seed ${seed}`)
for (const file of readdirSync(folder).filter(file => file.endsWith('.mjs')).sort()) {
  const short = file.replace('.mjs', '')
  if (wanted.length > 0 && !wanted.includes(short)) continue
  const scenario = await import(join(folder, file))
  if (scenario.hosts && !scenario.hosts.includes(host)) continue
  const started = Date.now()
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1)
  let timer
  const tooLong = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${SCENARIO_MINUTES} min`)), SCENARIO_MINUTES * 60_000)
  })
  try {
    const told = await Promise.race([scenario.run({ Server, random: new Random(seed), long: isLong }), tooLong])
    passed++
    console.log(`ok    ${short}: ${scenario.name} (${seconds()} s${told ? `; ${told}` : ''})`)
  } catch (error) {
    if (error instanceof Skipped) {
      skipped++
      console.log(`SKIP  ${short}: ${error.message}`)
    } else {
      failed++
      console.log(`FAIL  ${short}: ${scenario.name} (${seconds()} s)\n${error.stack}`)
    }
  } finally {
    clearTimeout(timer)
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed > 0 || passed + skipped === 0 ? 1 : 0)
