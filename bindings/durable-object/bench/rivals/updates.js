// Updates of a document in the object's SQLite: a row for each, or several where it is larger than a row may be
// (y-durableobjects: src/yjs/storage/sqlite.ts).

/** What a row holds of an update, most; the platform takes 2 MB. */
const PART_BYTES = 1 << 20

export class Updates {
  #storage
  #sql
  /** Updates that are stored. */
  count

  constructor (storage) {
    this.#storage = storage
    this.#sql = storage.sql
    this.#sql.exec('CREATE TABLE IF NOT EXISTS updates (number INTEGER PRIMARY KEY, continues INTEGER NOT NULL, bytes BLOB NOT NULL)')
    this.count = this.#sql.exec('SELECT count(*) AS count FROM updates WHERE continues = 0').one().count
  }

  /** All of them, in their order. */
  read () {
    const updates = []
    for (const [continues, bytes] of this.#sql.exec('SELECT continues, bytes FROM updates ORDER BY number').raw()) {
      if (continues) updates.at(-1).push(bytes)
      else updates.push([bytes])
    }
    return updates.map(joined)
  }

  append (update) {
    if (update.length <= PART_BYTES) this.#insert(false, update)
    else this.#storage.transactionSync(() => this.#appendParts(update))
    this.count++
  }

  /** Puts one in the place of all of them. */
  replace (update) {
    this.#storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM updates')
      this.#appendParts(update)
    })
    this.count = 1
  }

  /** One that comes as a stream, of which little is held in memory. */
  async import (stream) {
    let held = []
    let length = 0
    let continues = false
    const flush = () => {
      this.#insert(continues, joined(held))
      ;[held, length, continues] = [[], 0, true]
    }
    for await (const bytes of stream) {
      if (length + bytes.length > PART_BYTES) flush()
      held.push(bytes)
      length += bytes.length
    }
    flush()
    this.count++
  }

  #appendParts (update) {
    for (let at = 0; at < update.length; at += PART_BYTES) this.#insert(at > 0, update.subarray(at, at + PART_BYTES))
  }

  #insert (continues, bytes) {
    this.#sql.exec('INSERT INTO updates (continues, bytes) VALUES (?, ?)', Number(continues), bytes)
  }
}

function joined (parts) {
  if (parts.length === 1) return new Uint8Array(parts[0])
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(new Uint8Array(part), at)
    at += part.byteLength
  }
  return bytes
}
