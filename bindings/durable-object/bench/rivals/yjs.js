// The host of yjs.
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import worker, { RivalObject } from './host'

class Replica {
  #doc = new Doc()
  #update

  constructor (updates) {
    this.#doc.transact(() => updates.forEach(update => applyUpdate(this.#doc, update)))
    this.#doc.on('update', update => { this.#update = update })
  }

  /** What was new in an update, if anything was. */
  apply (update) {
    this.#update = undefined
    applyUpdate(this.#doc, update)
    return this.#update
  }

  stateVector () { return encodeStateVector(this.#doc) }
  missing (vector) { return encodeStateAsUpdate(this.#doc, vector) }
  encode () { return encodeStateAsUpdate(this.#doc) }
}

export class DocumentObject extends RivalObject {
  load (updates) { return new Replica(updates) }
}
export default worker
