// Use as it is scripted: sessions of one user, alone in a document, through the real host.
import { sleep } from './clock.mjs'
import { generator, Typist } from './typist.mjs'

const DAY_MS = 24 * 3_600_000
const BETWEEN_MS = 3_600_000

/** One session: the document is opened, typed in for so long, and left. Gives how many edits that were. */
export async function session ({ Editor, meter, clock, room, client, typist, minutes, number }) {
  const editor = new Editor(meter, meter.url, room, client)
  while (!editor.isSynced) await sleep(2)
  const end = clock.now + minutes * 60_000
  let edits = 0
  for (let due = clock.now + typist.wait(); due <= end; due += typist.wait()) {
    await clock.advance(due - clock.now)
    editor.type(typist)
    edits++
  }
  await clock.advance(end - clock.now)
  const length = editor.text.length
  editor.leave()
  await meter.closed(room, number)
  return { edits, length }
}

/** Days of use of one user, in scripted time: what they are billed. */
export async function days ({ Editor, meter, clock, room, client, use, pace, seed }) {
  const typist = new Typist(generator(seed), pace)
  const cpuBefore = meter.process.cpuMs
  let edits = 0
  let length
  let number = 0
  for (let day = 0; day < use.days; day++) {
    const dawn = clock.now
    for (let nth = 0; nth < use.sessions; nth++) {
      const did = await session({ Editor, meter, clock, room, client, typist, minutes: use.minutes, number: ++number })
      edits += did.edits
      length = did.length
      await clock.advance(BETWEEN_MS)
    }
    await clock.advance(DAY_MS - (clock.now - dawn))
  }
  const hours = use.days * use.sessions * use.minutes / 60
  return { ...await meter.billed(room), edits, length, sessions: number, hours, cpuMs: meter.process.cpuMs - cpuBefore }
}
