// Yjs: plain JavaScript.
import * as Y from 'yjs'

/** One replica with a text and a map; if it tells, each edit returns its update. */
export class Replica {
  static merge = Y.mergeUpdates
  static difference = Y.diffUpdate
  static stateVector = Y.encodeStateVectorFromUpdate

  constructor (client, tells = false) {
    this.doc = new Y.Doc()
    this.doc.clientID = client
    this.text = this.doc.getText('text')
    this.map = this.doc.getMap('map')
    if (tells) this.doc.on('update', update => { this.update = update })
  }

  insert (at, text) { this.text.insert(at, text); return this.update }
  delete (at, length) { this.text.delete(at, length); return this.update }
  set (key, value) { this.map.set(key, value); return this.update }
  value (key) { return this.map.get(key) }
  apply (update) { Y.applyUpdate(this.doc, update) }
  applyV2 (update) { Y.applyUpdateV2(this.doc, update) }
  encode () { return Y.encodeStateAsUpdate(this.doc) }
  encodeV2 () { return Y.encodeStateAsUpdateV2(this.doc) }
  toString () { return this.text.toString() }
  free () {}
}

export const load = () => Replica
