// A document as one file, which is streamed out and in (`engine/src/archive/FORMAT.md`, "Export file").
import type { Exporter, RoomOptions } from 'merganser/room'
import { anInstance } from './engines'
import { MALFORMED } from './refusal'
import { release } from './release'
import { LIMITS, type Rows } from './rows'

/** About so much is read at a time. */
const PART_BYTES = 256 << 10

/** The file of the document in these rows, as it is now; `undefined` if there is none. Failures while it is read end it. */
export function exportFile (rows: Rows, onFailure: (error: unknown) => void): ReadableStream<Uint8Array> | undefined {
  const exporter = anInstance().Exporter.begin(rows.readOthers())
  if (!exporter) return undefined
  // The first part belongs to the same moment as the rows.
  let first = nextPart(exporter, rows)
  return new ReadableStream({
    pull (controller) {
      try {
        for (let bytes = 0; bytes < PART_BYTES;) {
          const part = first ?? nextPart(exporter, rows)
          first = undefined
          if (!part) return controller.close()
          controller.enqueue(part)
          bytes += part.byteLength
        }
      } catch (error) {
        onFailure(error)
        controller.error(error)
      }
    }
  }, { highWaterMark: 0 })
}

function nextPart (exporter: Exporter, rows: Rows): Uint8Array | undefined {
  const key = exporter.wantedPage
  const row = key === undefined ? undefined : rows.read(key, key)[0]
  const part = exporter.nextPart(row && new Uint8Array(row[1]))
  if (row) release(row[1])
  return part
}

/** Makes a document of a file, in rows that hold none. If anything is wrong with it, there are none again. */
export async function importFile (rows: Rows, body: ReadableStream<Uint8Array>, options: RoomOptions): Promise<void> {
  rows.deleteAll()
  try {
    const importer = new (anInstance().Importer)(options)
    for await (const part of body) {
      const pages = attemptToRead(() => importer.push(part))
      for (let at = 0; at < pages.length; at += LIMITS.batchRows) rows.write(pages.slice(at, at + LIMITS.batchRows))
      for (const { bytes } of pages) if (bytes) release(bytes.buffer)
    }
    rows.write(attemptToRead(() => importer.finish()))
  } catch (error) {
    rows.deleteAll()
    throw error
  }
}

/** What is wrong with the file is the client's fault. */
function attemptToRead<T> (read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error
    throw MALFORMED(`this is no whole export file: ${(error as Error).message}`, 422)
  }
}
