// The storage contract on a Durable Object's SQLite: rows by key, an atomic batch, a range read.
import type { RowWrite } from 'merganser/room'

/** What one row and one batch may be, well below what the platform takes (2 MB a value). */
export const LIMITS = { rowBytes: 1_900_000, batchRows: 1_000 }

/** Keys of base pages: of kind 4, the kind being what stands above 32 bits. */
const FIRST_PAGE = 4 * 2 ** 32
const AFTER_PAGES = 5 * 2 ** 32
const AFTER_ALL = 8 * 2 ** 32

/** A row or a batch is larger than the limits. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

/** The rows of one document. An INTEGER PRIMARY KEY is the table itself: one row written for each row. */
export class Rows {
  /** Rows read and written, as the platform counts and bills them. */
  readonly billed = { read: 0, written: 0 }
  #hasTable: boolean | undefined

  constructor (readonly storage: DurableObjectStorage) {}

  /** All rows with keys from `first` to `last`, both included, in key order. */
  read (first: number, last: number): [number, ArrayBuffer][] {
    if (this.#hasTable === false) return []
    try {
      const rows = this.#run('SELECT key, bytes FROM document WHERE key BETWEEN ? AND ? ORDER BY key', first, last)
      this.#hasTable = true
      return rows as [number, ArrayBuffer][]
    } catch (error) {
      // Most often there is a table: that it is not looked for first makes waking cheaper.
      if (this.#tableExists()) throw error
      return []
    }
  }

  /** All rows but base pages, in key order. */
  readOthers (): [number, ArrayBuffer][] {
    return [...this.read(0, FIRST_PAGE - 1), ...this.read(AFTER_PAGES, AFTER_ALL)]
  }

  /** Whether there is a document. Pages alone are none. */
  get hasDocument (): boolean {
    return this.#tableExists() &&
      this.#run('SELECT 1 FROM document WHERE key < ? OR key >= ? LIMIT 1', FIRST_PAGE, AFTER_PAGES).length > 0
  }

  /** Carries out the batch whole or not at all; of two changes of one row the later one counts. */
  write (batch: RowWrite[]): void {
    if (batch.length > LIMITS.batchRows) throw new TooLarge(`a batch of ${batch.length} rows`)
    for (const { key, bytes } of batch) {
      if (bytes && bytes.byteLength > LIMITS.rowBytes) throw new TooLarge(`row ${key} of ${bytes.byteLength} bytes`)
    }
    this.storage.transactionSync(() => {
      // Not before there is something to keep: an object that never wrote is never billed.
      if (!this.#tableExists()) this.#run('CREATE TABLE document (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL)')
      for (const { key, bytes } of batch) {
        if (bytes) this.#run('INSERT OR REPLACE INTO document VALUES (?, ?)', key, bytes)
        else this.#run('DELETE FROM document WHERE key = ?', key)
      }
    })
    this.#hasTable = true
  }

  /** Deletes all of them. */
  deleteAll (): void {
    this.#run('DROP TABLE IF EXISTS document')
    this.#hasTable = undefined
  }

  #tableExists (): boolean {
    this.#hasTable ??= this.#run("SELECT 1 FROM sqlite_master WHERE name = 'document'").length > 0
    return this.#hasTable
  }

  #run (statement: string, ...bindings: (number | Uint8Array<ArrayBuffer>)[]): SqlStorageValue[][] {
    const cursor = this.storage.sql.exec(statement, ...bindings)
    const rows = [...cursor.raw()]
    this.billed.read += cursor.rowsRead
    this.billed.written += cursor.rowsWritten
    return rows
  }
}
