// What an object counts besides what its room does, since it came into memory.

/** What can fail: `engine` the engine's instance, `store` a read or write of rows, `hook` a method of a subclass. */
export type Failing = 'engine' | 'store' | 'hook' | 'attachment' | 'alarm' | 'request'

export class Counts {
  /** Connections closed from here, by close code. */
  readonly closes: Record<number, number> = {}
  /** Failures, each of which is a log line, too. */
  readonly failures: Record<Failing, number> = { engine: 0, store: 0, hook: 0, attachment: 0, alarm: 0, request: 0 }
  /** Clients and requests that were let in, and those that a hook has refused. */
  admitted = 0
  refused = 0

  close (code: number): void {
    this.closes[code] = (this.closes[code] ?? 0) + 1
  }
}
