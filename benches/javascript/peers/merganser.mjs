// This engine. Its `Doc` writes the update of every edit, asked or not.

/** A class for a replica with a text and a map, of the package whose module this is. */
export function load (engine, module) {
  engine.initSync({ module })
  return class Replica {
    static merge = engine.mergeUpdates
    static difference = engine.diffUpdate
    static stateVector = engine.encodeStateVectorFromUpdate

    constructor (client) {
      this.doc = new engine.Doc(client)
      this.text = this.doc.text('text')
      this.map = this.doc.map('map')
    }

    insert (at, text) { return this.text.insert(at, text) }
    delete (at, length) { return this.text.delete(at, length) }
    set (key, value) { return this.map.set(key, value) }
    value (key) { return this.map.get(key) }
    apply (update) { this.doc.applyUpdate(update) }
    applyV2 (update) { this.doc.applyUpdateV2(update) }
    encode () { return this.doc.encodeStateAsUpdate() }
    encodeV2 () { return this.doc.encodeStateAsUpdateV2() }
    toString () { return this.text.toString() }

    free () {
      this.text.free()
      this.map.free()
      this.doc.free()
    }
  }
}
