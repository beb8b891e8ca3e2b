// What a message costs in workerd, of one author with receivers.
import { LightClient } from './client.mjs'
import { typing } from './documents.mjs'
import { sleep } from './process.mjs'

/** Processor time of each message of an author with so many receivers, in milliseconds: sent at once, and one by one. */
export async function messages (host, receivers, joins, { rounds, size, slow = 0, paceMs }) {
  const room = `messages-${receivers}-${Math.random()}`
  const author = await LightClient.open(host.port, room, { joins })
  const others = []
  for (let n = 0; n < receivers; n++) others.push(await LightClient.open(host.port, room, { joins }))
  const edits = typing(size * (rounds + 1) + slow)
  let sent = 0
  const arrived = () => Promise.all(others.map(other => other.until(() => other.received >= sent)))
  const burst = async () => {
    const before = host.cpuMs
    for (const edit of edits.slice(sent, sent + size)) author.send(edit)
    sent += size
    await arrived()
    return (host.cpuMs - before) / size
  }
  await burst()
  const atOnce = []
  for (let round = 0; round < rounds; round++) atOnce.push(await burst())
  const before = host.cpuMs
  for (const edit of edits.slice(sent)) {
    author.send(edit)
    sent++
    await sleep(paceMs)
  }
  await arrived()
  const paced = (host.cpuMs - before) / slow
  for (const client of [author, ...others]) client.end()
  await sleep(100)
  return { atOnce, paced }
}
